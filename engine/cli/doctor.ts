import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { commandLine } from "../base/command-line.ts";
import { pairConfiguration } from "../config/configuration.ts";
import { findRunning } from "../control/server/announcement.ts";
import { freePort, isPortFree, portHolder } from "../host/ports.ts";
import type { StoreCheck, StoreReport } from "../supervisor/store-check.ts";
import { addCommonOptions, inSamePlace, printJson, type CommonOptions, type Run } from "./command.ts";
import { dataDirectoryOf } from "./directory.ts";
import { byteSize } from "../base/words.ts";
import { messageCount } from "./print.ts";
import type { Terminal } from "./terminal.ts";
import { isKeptStore } from "../supervisor/kept-store.ts";

/** One thing looked at. `warning`: something works less well; `problem`: `up` would fail or data is at risk. */
export interface Finding {
  readonly check: string;
  readonly result: "ok" | "warning" | "problem";
  readonly text: string;
  /** What to do about it; `null` when nothing needs doing. */
  readonly remedy: string | null;
}

/** How this person types a command. */
type Typed = (...words: readonly string[]) => string;

/** better-sqlite3 ends the process, without a word, where this is missing. */
const nodeApiMin = 10;
/** Less than this and the first long test run may fill the disk. */
const freeBytesMin = 1_073_741_824;
const root = fileURLToPath(new URL("../..", import.meta.url));

export function define(command: Command, run: Run): void {
  addCommonOptions(command);
  run(command, async (terminal, options: CommonOptions) => {
    const findings = await examine(options, terminal);
    for (const finding of findings) {
      if (options.json === true) printJson(terminal, finding);
      else terminal.out(findingText(finding));
    }
    return findings.some(({ result }) => result === "problem") ? 1 : 0;
  });
}

export async function examine(options: CommonOptions, terminal: Terminal): Promise<Finding[]> {
  const directory = dataDirectoryOf(options.data, terminal);
  const typed: Typed = (...words) => inSamePlace(commandLine(...words), options);
  const running = findRunning(directory);
  return [
    checkNode(process.versions),
    running === null
      ? ok("pair", `no pair is running in ${directory}`)
      : ok("pair", `a pair is running in ${directory}, as process ${running.pid}, at ${running.url}`),
    ...(running === null ? await checkPorts(typed) : []),
    checkDirectory(directory),
    ...(running === null ? await checkStores(directory, typed) : []),
    ...(await checkKept(directory, typed)),
    checkElectron(terminal, typed),
    checkDisplay(terminal, typed),
  ];
}

export function checkNode({ node, napi }: { readonly node: string; readonly napi?: string }): Finding {
  if (Number(napi) >= nodeApiMin) return ok("node", `Node ${node}, Node-API ${String(napi)}`);
  return problem(
    "node",
    `Node ${node} has Node-API ${napi ?? "none"}, and the store needs ${nodeApiMin}`,
    "use Node 22.14 or newer (a checkout brings its own: run commands through npm)",
  );
}

async function checkPorts(typed: Typed): Promise<Finding[]> {
  const { primaryPort, replicaPort, controlPort } = pairConfiguration.parse({ dataDirectory: "." });
  const ports = [
    ["primary", primaryPort],
    ["replica", replicaPort],
    ["control", controlPort],
  ] as const;
  return Promise.all(
    ports.map(async ([name, port]) => {
      if (await isPortFree(port))
        return ok(`port ${port}`, `free for the ${name}${name === "control" ? " API" : ""}`);
      const holder = portHolder(port);
      return problem(
        `port ${port}`,
        `the ${name}'s port is in use${holder === null ? "" : ` by ${holder}`}`,
        `stop that, or use another one: ${typed("up", `--${name}-port`, String(await freePort(port)))}`,
      );
    }),
  );
}

function checkDirectory(directory: string): Finding {
  let existing = directory;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    // Permissions do not tell all: a file system may be read-only, full, or take nothing at all.
    rmdirSync(mkdtempSync(join(existing, ".understudy-")));
    const { bavail, bsize } = statfsSync(existing);
    const free = bavail * bsize;
    const text = `${directory} can be written, ${byteSize(free)} are free`;
    if (free >= freeBytesMin) return ok("data directory", text);
    return {
      check: "data directory",
      result: "warning",
      text,
      remedy: "free some space, or choose another place with --data",
    };
  } catch {
    return problem(
      "data directory",
      `${directory} cannot be written`,
      "choose another place with --data, or change its owner",
    );
  }
}

/** Reads both stores from end to end, each in a process of its own. */
async function checkStores(directory: string, typed: Typed): Promise<Finding[]> {
  const nodes = (["primary", "replica"] as const).filter((node) => existsSync(join(directory, node)));
  if (nodes.length === 0) return [ok("stores", "there are none yet")];
  const [{ storeCheckProcess }, { brokerRuntime }] = await Promise.all([
    import("../supervisor/store-check.ts"),
    import("../supervisor/runtime.ts"),
  ]);
  const check = storeCheckProcess(brokerRuntime());
  return Promise.all(
    nodes.map(async (node) => {
      const report = await examineStore(check, join(directory, node));
      if (report.sound)
        return ok(`${node} store`, `sound, at entry ${report.position.op}, ${messageCount(report.messages)}`);
      return problem(
        `${node} store`,
        report.detail,
        `start the pair, then recover, which keeps what it replaces: ${typed("recover")}`,
      );
    }),
  );
}

/** Every recovery keeps what it replaces; of several only the last one's can be put back or deleted by a command. */
async function checkKept(directory: string, typed: Typed): Promise<Finding[]> {
  const names = existsSync(directory) ? readdirSync(directory).filter(isKeptStore) : [];
  if (names.length < 2) return [];
  const { directoryBytes } = await import("../supervisor/copy.ts");
  const sizes = await Promise.all(names.map((name) => directoryBytes(join(directory, name))));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return [
    warning(
      "kept stores",
      `${names.length} that recoveries replaced take ${byteSize(bytes)}: ${names.join(", ")}`,
      `the newest: ${typed("recover", "--remove-kept")}; the others are directories to delete when nothing in them is needed`,
    ),
  ];
}

/** A check that cannot even run is no reason to keep the other findings back. */
async function examineStore(check: StoreCheck, directory: string): Promise<StoreReport> {
  try {
    return await check(directory);
  } catch (error) {
    return {
      sound: false,
      detail: `it could not be checked: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

function checkElectron({ environment }: Terminal, typed: Typed): Finding {
  const overridden = environment["ELECTRON_OVERRIDE_DIST_PATH"];
  if (overridden !== undefined && existsSync(overridden)) return ok("Electron", `in ${overridden}`);
  const directory = join(root, "node_modules", "electron");
  try {
    const executable = join(directory, "dist", readFileSync(join(directory, "path.txt"), "utf8").trim());
    if (existsSync(executable)) return ok("Electron", `in ${executable}`);
  } catch {
    // Not there: said below.
  }
  return warning(
    "Electron",
    "has not been fetched yet",
    `\`npm start\` fetches it; without it the window is served to a browser: ${typed("up", "--window")}`,
  );
}

function checkDisplay({ environment, platform }: Terminal, typed: Typed): Finding {
  const display = environment["WAYLAND_DISPLAY"] ?? environment["DISPLAY"];
  if (platform !== "linux" || display)
    return ok("display", display ? `there is one (${display})` : "there is one");
  return warning(
    "display",
    "there is none",
    `the window can be served to a browser: ${typed("up", "--window")}`,
  );
}

function ok(check: string, text: string): Finding {
  return { check, result: "ok", text, remedy: null };
}

function warning(check: string, text: string, remedy: string): Finding {
  return { check, result: "warning", text, remedy };
}

function problem(check: string, text: string, remedy: string): Finding {
  return { check, result: "problem", text, remedy };
}

function findingText({ check, result, text, remedy }: Finding): string {
  return `${result.padEnd(8)} ${check}: ${text}${remedy === null ? "" : `\n         -> ${remedy}`}\n`;
}
