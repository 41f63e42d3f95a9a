import { z } from "zod";
import { timelineEvent } from "./events.ts";
import {
  builtInClient,
  clientView,
  destinationName,
  destinationView,
  ledgerView,
  linkMode,
  messageDetail,
  messageSummary,
  nodeName,
  outgoingMessage,
  pairView,
  recoveryView,
} from "./views.ts";

/**
 * The control API, declared once. The HTTP server, its OpenAPI page, the CLI, the window (over IPC in the app, over a
 * WebSocket in a browser) and tests are all clients of this table: what a click can do, a script can do.
 *
 * `input` holds path parameters, query and body together; `path` names the parameters taken from the path.
 * Failures are a {@link ControlFailure} with the HTTP status of its code (`engine/base/errors.ts`).
 */
export const operations = {
  getPair: operation("GET", "/pair", "Snapshot of the pair", z.object({}), pairView),
  actOnBroker: operation(
    "POST",
    "/brokers/{node}/{action}",
    "Start, stop (in order), kill (SIGKILL), freeze (SIGSTOP), thaw (SIGCONT) or promote a broker",
    z.object({
      node: nodeName,
      action: z.enum(["start", "stop", "kill", "freeze", "thaw", "promote"]),
    }),
    pairView,
  ),
  setLink: operation(
    "POST",
    "/link",
    "Cut, heal, delay or half-open the replication link",
    z.object({ mode: linkMode, delayMs: z.number().min(0).max(60_000).default(100) }),
    pairView,
  ),
  getRecovery: operation(
    "GET",
    "/recovery",
    "Progress of the recovery copy, or its last result",
    z.object({}),
    recoveryView,
  ),
  startRecovery: operation(
    "POST",
    "/recovery",
    "Copy the surviving store over the failed node's and bring the pair back to protected",
    z.object({
      /** Only the preflight: says what would happen, changes nothing. */
      dryRun: z.boolean().default(false),
      /** Whose store is kept; default: the one that is ahead. */
      from: nodeName.optional(),
      /** Overwrite a store that is ahead or has a history of its own; its directory is kept all the same. */
      force: z.boolean().default(false),
    }),
    recoveryView,
  ),
  undoRecovery: operation(
    "POST",
    "/recovery/undo",
    "Put the kept directory back",
    z.object({}),
    recoveryView,
  ),
  removeKept: operation(
    "DELETE",
    "/recovery/kept",
    "Delete the directory kept by the last recovery",
    z.object({}),
    recoveryView,
  ),
  listEvents: operation(
    "GET",
    "/timeline",
    "Events after the one numbered `after`, oldest first (as a stream: GET /events)",
    z.object({
      after: z.coerce.number().int().default(0),
      limit: z.coerce.number().int().min(1).max(5_000).default(1_000),
    }),
    z.object({ events: z.array(timelineEvent) }),
  ),
  listClients: operation(
    "GET",
    "/clients",
    "Every connection to the pair, external and built-in",
    z.object({}),
    z.object({ clients: z.array(clientView) }),
  ),
  addClient: operation("POST", "/clients", "Add a built-in producer or consumer", builtInClient, clientView),
  updateClient: operation(
    "POST",
    "/clients/{id}",
    "Pause, resume or re-rate a built-in client",
    z.object({
      id: z.string().max(200),
      paused: z.boolean().optional(),
      ratePerSecond: z.number().min(0).max(100_000).optional(),
    }),
    clientView,
  ),
  removeClient: operation(
    "DELETE",
    "/clients/{id}",
    "Remove a built-in client",
    z.object({ id: z.string().max(200) }),
    z.object({}),
  ),
  getLedger: operation(
    "GET",
    "/ledger",
    "What became of the messages confirmed to built-in producers",
    z.object({}),
    ledgerView,
  ),
  resetLedger: operation("DELETE", "/ledger", "Start a new ledger", z.object({}), ledgerView),
  listDestinations: operation(
    "GET",
    "/destinations",
    "Queues, topics and durable subscriptions",
    z.object({}),
    z.object({ destinations: z.array(destinationView) }),
  ),
  browse: operation(
    "GET",
    "/destinations/{name}/messages",
    "Messages of a queue, oldest first, without consuming them; page on with the cursor",
    z.object({
      name: destinationName,
      /** As returned by the page before. */
      cursor: z.string().max(100).optional(),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
    z.object({ messages: z.array(messageSummary), cursor: z.string().nullable() }),
  ),
  getMessage: operation(
    "GET",
    "/destinations/{name}/messages/{id}",
    "One message, whole",
    z.object({ name: destinationName, id: z.coerce.number().int().min(1) }),
    messageDetail,
  ),
  send: operation(
    "POST",
    "/destinations/{name}/messages",
    "Send; answered once the message is safe",
    outgoingMessage.extend({ name: destinationName }),
    z.object({ ids: z.array(z.number().int()) }),
  ),
  receive: operation(
    "POST",
    "/destinations/{name}/receive",
    "Take messages off a queue",
    z.object({
      name: destinationName,
      count: z.number().int().min(1).max(500).default(1),
      timeoutMs: z.number().min(0).max(60_000).default(1_000),
    }),
    z.object({ messages: z.array(messageDetail) }),
  ),
  purge: operation(
    "DELETE",
    "/destinations/{name}/messages",
    "Delete all waiting messages",
    z.object({ name: destinationName }),
    z.object({ purged: z.number().int() }),
  ),
} as const;

export type Operations = typeof operations;
export type OperationId = keyof Operations;
/** What a caller gives (defaults may be left out), and what a handler gets (defaults filled in). */
export type OperationInput<Id extends OperationId> = z.input<Operations[Id]["input"]>;
export type OperationArguments<Id extends OperationId> = z.output<Operations[Id]["input"]>;
export type OperationOutput<Id extends OperationId> = z.output<Operations[Id]["output"]>;

/**
 * The supervisor's side of the table. Handlers get checked arguments and throw `BrokerError`. `gone` is aborted when
 * whoever called has left: what would be handed to it must not be taken any more.
 */
export type ControlService = {
  readonly [Id in OperationId]: (
    input: OperationArguments<Id>,
    gone?: AbortSignal,
  ) => Promise<OperationOutput<Id>>;
};

/** A failure as every transport carries it. */
export const controlFailure = z.object({
  /** A row of the error table. */
  code: z.string(),
  /** What happened, what it means for the data and what to do. */
  message: z.string(),
  context: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type ControlFailure = z.infer<typeof controlFailure>;

export const apiPrefix = "/api/v1";
/** File in the data directory that holds the token every call must carry (`Authorization: Bearer ...`). */
export const tokenFileName = "control.token";

function operation<Input extends z.ZodType, Output extends z.ZodType>(
  method: "GET" | "POST" | "DELETE",
  path: string,
  summary: string,
  input: Input,
  output: Output,
): { method: "GET" | "POST" | "DELETE"; path: string; summary: string; input: Input; output: Output } {
  return { method, path, summary, input, output };
}
