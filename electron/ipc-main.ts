import { ipcMain, type BrowserWindow, type IpcMainInvokeEvent } from "electron";
import { BrokerError } from "../engine/base/errors.ts";
import {
  operations,
  type ControlFailure,
  type ControlService,
  type OperationArguments,
  type OperationId,
} from "../engine/control/contract.ts";
import type { PairEvent } from "../engine/control/events.ts";
import { channels, type CallResult } from "./ipc-contract.ts";
import { allowedOrigin } from "./window.ts";

/** Answers the window's calls; those that come before the pair is up wait for it. */
export function serveCalls(ready: Promise<ControlService>): void {
  ipcMain.handle(channels.call, async (event, operation: unknown, input: unknown) => {
    if (!isOurWindow(event)) throw new Error("Calls are taken from the app's own window only.");
    if (!isOperation(operation))
      return failed(new BrokerError("NOT_FOUND", { what: `The operation ${String(operation)}` }));
    try {
      return await invoke(await ready, operation, input);
    } catch (error) {
      return failed(error);
    }
  });
}

/** Sends an event to a window, unless it is closed already. */
export function sendEvent(window: BrowserWindow, event: PairEvent): void {
  if (!window.isDestroyed()) window.webContents.send(channels.event, event);
}

/** A page that was not meant to be there, or a frame inside ours, must not reach the pair. */
function isOurWindow({ senderFrame }: IpcMainInvokeEvent): boolean {
  return senderFrame !== null && senderFrame.parent === null && senderFrame.origin === allowedOrigin;
}

function isOperation(operation: unknown): operation is OperationId {
  return typeof operation === "string" && Object.hasOwn(operations, operation);
}

async function invoke<Id extends OperationId>(
  service: ControlService,
  id: Id,
  input: unknown,
): Promise<CallResult<Id>> {
  const parsed = operations[id].input.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return failed(
      new BrokerError("REQUEST_INVALID", {
        detail: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
      }),
    );
  }
  // The schema was picked by the same id, which the compiler cannot follow through the table.
  const value = await service[id](parsed.data as OperationArguments<Id>);
  return { ok: true, value };
}

function failed(error: unknown): { ok: false; error: ControlFailure } {
  const known = error instanceof BrokerError ? error : new BrokerError("INTERNAL", { detail: String(error) });
  return { ok: false, error: { code: known.code, message: known.message, context: known.context } };
}
