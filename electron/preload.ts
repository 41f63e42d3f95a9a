// Runs in the window's sandbox, where only CommonJS loads: it is emitted as preload.cjs.
import { contextBridge, ipcRenderer, type IpcRendererEvent } from "electron";
import type { PairEvent } from "../engine/control/events.ts";
import { channels, type WindowBridge } from "./ipc-contract.ts";

const bridge: WindowBridge = {
  call: (operation, input) => ipcRenderer.invoke(channels.call, operation, input),
  onEvent: (listener) => {
    // The Electron event stays here: it would hand the window the whole of ipcRenderer.
    const relay = (_: IpcRendererEvent, event: PairEvent): void => {
      listener(event);
    };
    ipcRenderer.on(channels.event, relay);
    return () => {
      ipcRenderer.off(channels.event, relay);
    };
  },
};

contextBridge.exposeInMainWorld("understudy", bridge);
