// `npm start`: the app in its window; where no window can open, the same in the browser.
import { existsSync, readFileSync } from "node:fs";
import { buildIfStale } from "./app-build.mjs";
import { hasDisplay, missingLibraries } from "./desktop.mjs";
import { findElectron } from "./electron.mjs";
import { root, say } from "./paths.mjs";
import { runProgram } from "./tools.mjs";
import { run as understudy } from "./understudy.mjs";

/** An Electron that ends with an error sooner than this never showed its window. */
const earlyExitMs = 5_000;

/**
 * @param {readonly string[]} args
 * @returns {Promise<number>}
 */
export async function run(args) {
  const desktop = await findDesktop();
  const built = await buildIfStale();
  if (built !== 0) return built;
  if ("reason" in desktop) return inBrowser(desktop.reason, args);

  say(`window by ${desktop.electron.description}.`);
  const sandbox = sandboxIsOff() ? ["--no-sandbox"] : [];
  const startedAt = performance.now();
  const code = await runProgram(desktop.electron.path, [...sandbox, root, ...args]);
  const isEarly = performance.now() - startedAt < earlyExitMs;
  return code !== 0 && isEarly ? inBrowser(`Electron ended at once (exit code ${code})`, args) : code;
}

/** @returns {Promise<{ electron: import("./electron.mjs").Electron } | { reason: string }>} */
async function findDesktop() {
  if (!hasDisplay()) return { reason: "There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)" };
  const sandbox = sandboxProblem();
  if (sandbox !== null) return { reason: sandbox };
  try {
    const electron = await findElectron();
    const missing = missingLibraries(electron.path);
    return missing === null ? { electron } : { reason: missing };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

function sandboxIsOff() {
  return process.env["UNDERSTUDY_NO_SANDBOX"] === "1";
}

/** Electron refuses to run without its sandbox, which these systems do not give it. */
function sandboxProblem() {
  if (process.platform !== "linux" || sandboxIsOff()) return null;
  const remedy = "UNDERSTUDY_NO_SANDBOX=1 opens the window without the sandbox, if you trust this machine";
  if (process.getuid?.() === 0) return `Electron does not start as root with its sandbox on. ${remedy}`;
  const restricted =
    kernelSetting("kernel/apparmor_restrict_unprivileged_userns") === "1" ||
    kernelSetting("kernel/unprivileged_userns_clone") === "0";
  return restricted ? `This system keeps Electron's sandbox from starting. ${remedy}` : null;
}

/** @param {string} name */
function kernelSetting(name) {
  const file = `/proc/sys/${name}`;
  return existsSync(file) ? readFileSync(file, "utf8").trim() : null;
}

/**
 * @param {string} reason
 * @param {readonly string[]} args
 */
function inBrowser(reason, args) {
  say(`${reason}. So the window is served to your browser instead.`);
  return understudy(["up", "--window", ...args]);
}
