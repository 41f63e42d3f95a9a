import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "electron-vite";
import type { Plugin } from "vite";
import { sources } from "../engine/supervisor/runtime.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Programs that the app starts beside itself: bundled next to its main file, where `runtime.ts` looks for them. */
const children = Object.fromEntries(
  Object.entries(sources)
    .map(([name, source]) => [name, join(root, source)] as const)
    .filter(([, path]) => existsSync(path)),
);

/** Vite's development server injects scripts and styles that the window's policy forbids, as it should. */
const withoutPolicy: Plugin = {
  name: "understudy:without-policy",
  apply: "serve",
  transformIndexHtml: (html) => html.replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, ""),
};

export default defineConfig({
  main: {
    build: {
      outDir: join(root, "out/main"),
      target: "node20",
      // Native, or large and fine as they are; the rest is bundled, which makes the children start faster.
      externalizeDeps: { exclude: ["zod", "yaml", "saxes"] },
      rolldownOptions: {
        input: { main: join(root, "electron/main.ts"), ...children },
        // Shared pieces lie beside the entries: `runtime.ts` finds these relative to whichever piece it is in.
        output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
      },
    },
  },
  preload: {
    build: {
      outDir: join(root, "out/preload"),
      target: "node20",
      rolldownOptions: {
        input: { preload: join(root, "electron/preload.ts") },
        output: { format: "cjs", entryFileNames: "[name].cjs" },
      },
    },
  },
  renderer: {
    root: join(root, "renderer"),
    plugins: [svelte({ configFile: false }), withoutPolicy],
    build: {
      outDir: join(root, "out/renderer"),
      target: "chrome130",
      rolldownOptions: {
        input: { index: join(root, "renderer/index.html") },
        // How long each part of a first build took is nothing for people who only start the app.
        checks: { bundlerTimings: false },
      },
    },
  },
});
