// Can a window open here? If not, says in a sentence what is missing and how to get it.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { buildIfStale } from "./app-build.mjs";
import { findElectron } from "./electron.mjs";
import { say } from "./paths.mjs";
import { runTests } from "./steps.mjs";
import { runTool } from "./tools.mjs";

/** Debian packages by the libraries that Electron links to and a bare machine lacks. */
const debianPackages = {
  libgtk: "libgtk-3-0",
  libnss: "libnss3",
  libnspr: "libnss3",
  libsmime: "libnss3",
  libasound: "libasound2",
  libgbm: "libgbm1",
  "libatk-bridge": "libatk-bridge2.0-0",
  libatspi: "libatk-bridge2.0-0",
};

const virtualDisplayStartMs = 10_000;

export function hasDisplay() {
  if (process.platform !== "linux") return true;
  return Boolean(process.env["DISPLAY"] ?? process.env["WAYLAND_DISPLAY"]);
}

/**
 * @param {string} executable
 * @returns {string | null} what is missing, as a sentence
 */
export function missingLibraries(executable) {
  if (process.platform !== "linux") return null;
  const listing = spawnSync("ldd", [executable], { encoding: "utf8" }).stdout ?? "";
  const missing = [...listing.matchAll(/^\s*(\S+) => not found$/gm)].map((match) => match[1] ?? "");
  if (missing.length === 0) return null;
  return `Electron needs the system libraries ${missing.join(", ")}; on Debian and Ubuntu: ${aptInstall(packagesFor(missing))}`;
}

/** @param {readonly string[]} libraries */
function packagesFor(libraries) {
  const known = Object.entries(debianPackages).filter(([prefix]) =>
    libraries.some((library) => library.startsWith(prefix)),
  );
  // The rest (X11, cairo, pango, cups, …) comes along with GTK.
  return [...new Set([...known.map(([, name]) => name), "libgtk-3-0"])];
}

/**
 * @param {readonly string[]} packages
 * @returns {string} the command to type
 */
export function aptInstall(packages) {
  const named = packages.map((name) =>
    name === "libasound2" && renamedForTime64() ? "libasound2t64" : name,
  );
  return `sudo apt-get install -y ${named.join(" ")}`;
}

/** Debian 13 and Ubuntu 24.04 renamed it, and two packages provide the old name, so apt would not choose. */
function renamedForTime64() {
  if (!existsSync("/etc/os-release")) return false;
  const release = readFileSync("/etc/os-release", "utf8");
  const number = Number(/^VERSION_ID="?([\d.]+)/m.exec(release)?.[1] ?? 0);
  return /^ID="?ubuntu/m.test(release) ? number >= 24 : number >= 13;
}

/**
 * Runs an action with a display: the one there is, else a virtual one for as long as the action takes.
 *
 * @template T
 * @param {(env: Record<string, string>) => Promise<T>} action
 * @returns {Promise<T>}
 */
export async function withDisplay(action) {
  if (hasDisplay()) return action({});
  const display = await startVirtualDisplay();
  try {
    return await action({ DISPLAY: display.name });
  } finally {
    display.stop();
  }
}

async function startVirtualDisplay() {
  const screen = ["-screen", "0", "1920x1080x24", "-nolisten", "tcp", "-displayfd", "3"];
  const child = spawn("Xvfb", screen, { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  /** @type {Promise<string>} */
  const number = new Promise((resolve, reject) => {
    child.once("error", () => {
      reject(new Error(`There is no display and no Xvfb to stand in for one: ${aptInstall(["xvfb"])}`));
    });
    child.once("exit", () => reject(new Error("Xvfb ended before it had a display.")));
    setTimeout(() => reject(new Error("Xvfb did not start in time.")), virtualDisplayStartMs).unref();
    child.stdio[3]?.once("data", (chunk) => resolve(String(chunk).trim()));
  });
  try {
    return { name: `:${await number}`, stop: () => child.kill() };
  } catch (error) {
    child.kill();
    throw error;
  }
}

/**
 * What drives the built window: its tests, and the development server.
 *
 * @param {readonly string[]} args
 * @param {string} task
 * @returns {Promise<number>}
 */
export async function run(args, task) {
  return task === "dev" ? develop(args) : runWindowTests(args);
}

/** @param {readonly string[]} args */
async function develop(args) {
  const electron = await findElectron();
  say(`window by ${electron.description}.`);
  const sandbox = process.env["UNDERSTUDY_NO_SANDBOX"] === "1" ? ["--noSandbox"] : [];
  return runTool("electron-vite", ["dev", "--config", "build/electron.vite.config.ts", ...sandbox, ...args], {
    env: { ELECTRON_EXEC_PATH: electron.path },
  });
}

/**
 * Throws a sentence if the window cannot open here.
 *
 * @param {readonly string[]} args
 */
export async function runWindowTests(args) {
  const electron = await findElectron();
  const missing = missingLibraries(electron.path);
  if (missing !== null) throw new Error(missing);
  if ((await buildIfStale()) !== 0) throw new Error("the build failed; see its message above.");
  return withDisplay((env) => runTests("e2e", args, env));
}
