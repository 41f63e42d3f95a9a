// The one way into every npm script. It must run under any Node >= 20 with nothing installed, and cost next
// to nothing once all is installed: it brings the dependencies up to date with the lock file, makes sure that
// the pinned Node runs the rest, and hands over.
import { constants } from "node:os";
import * as nodeModule from "node:module";
import { join } from "node:path";
import { ensureInstalled, pinnedNode } from "./install.mjs";
import { root, say } from "./paths.mjs";

/** Scripts in a file of their own; every other name is a row of `tasks.mjs`. */
const ownFile = /** @type {Record<string, string>} */ ({
  start: "./start.mjs",
  test: "./test.mjs",
  understudy: "./understudy.mjs",
});

const [task = "", ...args] = process.argv.slice(2);

try {
  ensureInstalled();
  process.exitCode = runsPinnedNode() ? await runHere() : await runUnderPinnedNode();
} catch (error) {
  say(
    error instanceof Error
      ? process.env["UNDERSTUDY_DEBUG"]
        ? String(error.stack)
        : error.message
      : String(error),
  );
  process.exitCode = 1;
}

function runsPinnedNode() {
  return process.versions.node.startsWith("24.") && hasNodeApi10();
}

/** better-sqlite3 crashes the process, without a word, where Node-API 10 is missing. */
function hasNodeApi10() {
  return Number(process.versions["napi"]) >= 10;
}

async function runHere() {
  nodeModule.enableCompileCache?.(join(root, "node_modules", ".cache", "compile"));
  const file = ownFile[task];
  /** @type {{ run(args: readonly string[], task: string): Promise<number> }} */
  const script = await import(file ?? "./tasks.mjs");
  return script.run(args, task);
}

async function runUnderPinnedNode() {
  const { spawn } = await import("node:child_process");
  const child = spawn(pinnedNode(), [join(root, "build", "run.mjs"), task, ...args], { stdio: "inherit" });
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => {
      // A terminal sends Ctrl+C to both processes; passing it on as well would make it count twice.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}
