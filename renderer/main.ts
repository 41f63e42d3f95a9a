import { mount } from "svelte";
import App from "./App.svelte";
import type { Backend } from "./backend.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/overlays.css";
import { ipcBackend } from "./transport/ipc.ts";
import { socketBackend } from "./transport/socket.ts";
import { takeToken } from "./transport/token.ts";

async function chooseBackend(): Promise<Backend> {
  if (import.meta.env.DEV || import.meta.env.MODE === "scenes") {
    // Imaginary pairs to build and photograph the window with; a production build drops this branch and its files.
    const scene = new URLSearchParams(location.search).get("scene");
    if (scene !== null) {
      const [{ fakeBackend }, { playScene }] = await Promise.all([
        import("./scenes/fake-backend.ts"),
        import("./scenes/scenes.ts"),
      ]);
      return fakeBackend(playScene(scene));
    }
  }
  if (window.understudy !== undefined) return ipcBackend(window.understudy);
  const token = takeToken({ location, history, storage: sessionStorage });
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return socketBackend({ url: `${scheme}://${location.host}/api/v1/window`, token: token ?? "" });
}

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no element #app.");
const backend = await chooseBackend();
mount(App, { target, props: { backend } });
