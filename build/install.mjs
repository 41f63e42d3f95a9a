// Keeps node_modules in step with package-lock.json, so that any npm script may be the first one ever run.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { root, say } from "./paths.mjs";

const lockPath = join(root, "package-lock.json");
/** The lock file that node_modules was last seen to match. */
const stampPath = join(root, "node_modules", ".understudy-lock");

export function ensureInstalled() {
  const lock = readFileSync(lockPath);
  if (existsSync(stampPath) && existsSync(pinnedNode()) && readFileSync(stampPath).equals(lock)) return;
  if (!matchesInstalled(lock)) {
    say("installing the dependencies once (npm ci); this takes about a minute.");
    installFromLock();
  }
  if (!existsSync(pinnedNode())) {
    throw new Error(
      "the pinned Node is missing: npm did not run the install script of its package (node_modules/node). " +
        "Run `npm rebuild node` with install scripts allowed, then try again.",
    );
  }
  writeFileSync(stampPath, lock);
}

/** The executable of the Node version that package.json pins. */
export function pinnedNode() {
  return join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
}

/**
 * True if somebody else's `npm ci` or `npm install` already brought what the lock file names.
 *
 * @param {Buffer} lock
 */
function matchesInstalled(lock) {
  const installedPath = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installedPath) || !existsSync(pinnedNode())) return false;
  const wanted = packagesOf(lock);
  const installed = packagesOf(readFileSync(installedPath));
  return Object.entries(wanted).every(
    ([path, entry]) => path === "" || entry.optional === true || installed[path]?.version === entry.version,
  );
}

/**
 * @param {Buffer} lock
 * @returns {Record<string, { version?: string; optional?: boolean }>}
 */
function packagesOf(lock) {
  return JSON.parse(lock.toString("utf8")).packages ?? {};
}

function installFromLock() {
  // Development dependencies carry Node itself, so NODE_ENV=production must not leave them out.
  const args = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = npmCommand();
  // npm's own output goes to stderr (2): stdout may be read by a program.
  const result = spawnSync(npm.command, [...npm.args, ...args], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: npm.shell,
  });
  if (result.error) throw result.error;
  if (result.status !== 0)
    throw new Error(`npm ci failed with exit code ${result.status}; see its message above.`);
}

/** The npm that runs this script, or the one on the PATH. */
export function npmCommand() {
  const running = process.env["npm_execpath"];
  if (running !== undefined && basename(running) === "npm-cli.js" && existsSync(running)) {
    return { command: process.execPath, args: [running], shell: false };
  }
  return { command: "npm", args: [], shell: process.platform === "win32" };
}
