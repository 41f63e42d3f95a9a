import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** How to start one of our child processes: `fork(entry(name), { execPath, env })`. */
export interface ChildRuntime {
  readonly execPath: string;
  /** The whole environment of the child. */
  readonly env: Readonly<Record<string, string | undefined>>;
  entry(name: ChildName): string;
}

export type ChildName = keyof typeof sources;

/** Built, each is a file of its name beside this one; the build reads this table. */
export const sources = {
  broker: "engine/host/main.ts",
  "client-host": "engine/clients/main.ts",
  "store-check": "engine/host/store-check.ts",
} as const;

/** The Node-API that better-sqlite3 needs: without it, loading it ends the process without a word. */
const nodeApiMin = 10;

/**
 * From a checkout under plain Node, children run from their TypeScript. In the built app they run from the bundle,
 * under Electron's own Node where that is new enough, otherwise under the Node that the checkout pins.
 */
export function brokerRuntime(): ChildRuntime {
  const here = dirname(fileURLToPath(import.meta.url));
  if (import.meta.url.endsWith(".ts")) {
    const root = join(here, "..", "..");
    // Children share the compiled code of the process that started them, which makes them start faster.
    const cache = { NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "compile") };
    return {
      execPath: process.execPath,
      env: { ...cache, ...process.env },
      entry: (name) => join(root, sources[name]),
    };
  }
  const entry = (name: ChildName): string => join(here, `${name}.js`);
  if (!("electron" in process.versions)) return { execPath: process.execPath, env: process.env, entry };
  if (Number(process.versions["napi"]) >= nodeApiMin) {
    return { execPath: process.execPath, env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" }, entry };
  }
  return { execPath: pinnedNode(join(here, "..", "..")), env: process.env, entry };
}

function pinnedNode(root: string): string {
  const path = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
  if (!existsSync(path)) {
    throw new Error(
      `This Electron (Node-API ${String(process.versions["napi"])}) cannot run the brokers, which need Node-API ` +
        `${String(nodeApiMin)}, and there is no Node at ${path} to run them instead.`,
    );
  }
  return path;
}
