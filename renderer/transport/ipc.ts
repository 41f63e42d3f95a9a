import type { WindowBridge } from "../../electron/ipc-contract.ts";
import { CallFailed, type Backend } from "../backend.ts";

declare global {
  interface Window {
    /** What the preload of the desktop app puts into the page; a browser has none. */
    readonly understudy?: WindowBridge;
  }
}

/** The supervisor runs in the app's own main process: it is there as long as the window is. */
export function ipcBackend(bridge: WindowBridge): Backend {
  return {
    async call(id, input) {
      const answer = await bridge.call(id, input);
      if (!answer.ok) throw new CallFailed(answer.error);
      return answer.value;
    },
    onEvent: (listener) => bridge.onEvent(listener),
    onConnection(listener) {
      listener({ kind: "connected" });
      return () => undefined;
    },
  };
}
