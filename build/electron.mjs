// Finds the Electron to run: the official binary where it can be had, else one from the package registry.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fallbackExists, fallbackInstalledAt, installFallback } from "./electron-fallback.mjs";
import { cacheDirectory, root, say } from "./paths.mjs";

/** @typedef {{ path: string; dist: string; description: string }} Electron */

const probeMs = 8_000;
const downloadMs = 15 * 60_000;
const failureRememberedMs = 6 * 60 * 60_000;

const packageDirectory = join(root, "node_modules", "electron");
/** @type {string} */
const version = createRequire(import.meta.url)(join(packageDirectory, "package.json")).version;
const failurePath = join(cacheDirectory(), `electron-${version}.unreachable`);

/** For tests: the path alone, with a word on stderr about which Electron it is. */
export async function electronPath() {
  const electron = await findElectron();
  say(`window by ${electron.description}.`);
  return electron.path;
}

/**
 * Fetches Electron when it is missing; throws a sentence when none can be had.
 *
 * @returns {Promise<Electron>}
 */
export async function findElectron() {
  const overridden = process.env["ELECTRON_OVERRIDE_DIST_PATH"];
  if (overridden) return electronAt(overridden, "the Electron of ELECTRON_OVERRIDE_DIST_PATH");
  const reason = await officialMissing();
  if (reason === null) return electronAt(join(packageDirectory, "dist"), `Electron ${version} (official)`);
  if (!fallbackExists()) {
    throw new Error(
      `Electron ${version} is not installed: ${reason}. Run \`npx install-electron\` when online.`,
    );
  }
  const dist = fallbackInstalledAt() ?? (await installFallback(reason));
  return electronAt(dist, `Electron ${distVersion(dist)} from the package registry, since ${reason}`);
}

/**
 * Makes sure of the official binary.
 *
 * @returns {Promise<string | null>} why it cannot be had
 */
async function officialMissing() {
  const executable = join(packageDirectory, "path.txt");
  if (existsSync(executable) && distVersion(join(packageDirectory, "dist")) === version) return null;
  if (failedRecently()) return "the official download was unreachable within the last hours";
  const failure = (await unreachable()) ?? (await downloadOfficial());
  if (failure === null) return null;
  mkdirSync(cacheDirectory(), { recursive: true });
  writeFileSync(failurePath, `${failure}\n`);
  return failure;
}

function failedRecently() {
  if (!existsSync(failurePath)) return false;
  if (Date.now() - statSync(failurePath).mtimeMs < failureRememberedMs) return true;
  rmSync(failurePath, { force: true });
  return false;
}

/** A look before the download, since a firewall that swallows packets would hold it up for minutes. */
async function unreachable() {
  const isRerouted = ["ELECTRON_MIRROR", "HTTPS_PROXY", "https_proxy"].some((name) => process.env[name]);
  if (isRerouted) return null;
  const address = `https://github.com/electron/electron/releases/download/v${version}/SHASUMS256.txt`;
  try {
    const response = await fetch(address, { method: "HEAD", signal: AbortSignal.timeout(probeMs) });
    return response.ok ? null : `the official download answers with status ${response.status}`;
  } catch {
    return "the official download is unreachable";
  }
}

/** @returns {Promise<string | null>} why it failed */
function downloadOfficial() {
  say(`fetching Electron ${version} once (about 110 MB).`);
  const child = spawn(process.execPath, [join(packageDirectory, "install.js")], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    timeout: downloadMs,
  });
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`the official download failed (${error.message})`));
    child.once("exit", (code) => resolve(code === 0 ? null : "the official download failed"));
  });
}

/**
 * @param {string} dist
 * @param {string} description
 * @returns {Electron}
 */
function electronAt(dist, description) {
  /** @type {Partial<Record<NodeJS.Platform, string>>} */
  const names = { darwin: "Electron.app/Contents/MacOS/Electron", win32: "electron.exe" };
  const path = join(dist, names[process.platform] ?? "electron");
  if (!existsSync(path)) throw new Error(`there is no Electron at ${path}.`);
  return { path, dist, description };
}

/** @param {string} dist */
function distVersion(dist) {
  const file = join(dist, "version");
  return existsSync(file) ? readFileSync(file, "utf8").trim().replace(/^v/, "") : null;
}
