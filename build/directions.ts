// Who may import whom, as data; `tidy.ts` checks it. The first area that holds a file is the file's area.

export interface Area {
  readonly name: string;
  /** Folders (ending in a slash) and single files. */
  readonly paths: readonly string[];
  /** Other areas it may import; its own always. */
  readonly imports: readonly string[];
  /** Packages it may import; `node:*` stands for all of Node's own modules. */
  readonly packages: readonly string[];
  /** No clock, no chance, no I/O: these arrive as arguments, so that every run can be replayed. */
  readonly pure?: true;
}

/** Areas of which every other one may know: units, errors, assertions; and the contract, which is only declarations. */
const common = ["base", "checksum", "inflate", "contract"];

export const areas: readonly Area[] = [
  {
    name: "checksum",
    paths: ["engine/base/checksum.ts"],
    imports: ["base"],
    packages: ["node:crypto"],
    pure: true,
  },
  {
    name: "inflate",
    paths: ["engine/base/inflate.ts"],
    imports: ["base"],
    packages: ["node:zlib"],
    pure: true,
  },
  { name: "base", paths: ["engine/base/"], imports: ["checksum"], packages: [], pure: true },
  {
    name: "config",
    paths: ["engine/config/"],
    imports: ["base"],
    packages: ["zod", "yaml", "saxes"],
    pure: true,
  },
  { name: "wire", paths: ["engine/wire/"], imports: ["base"], packages: [], pure: true },
  { name: "core", paths: ["engine/core/"], imports: ["base", "checksum"], packages: [], pure: true },
  {
    name: "session",
    paths: ["engine/session/"],
    imports: ["base", "checksum", "inflate", "wire", "core"],
    packages: [],
    pure: true,
  },
  { name: "pair", paths: ["engine/pair/"], imports: ["base", "checksum", "core"], packages: [], pure: true },
  {
    name: "node",
    paths: ["engine/node/", "engine/outbox.ts"],
    imports: ["base", "checksum", "core", "pair"],
    packages: [],
    pure: true,
  },
  {
    name: "contract",
    paths: ["engine/control/contract.ts", "engine/control/events.ts", "engine/control/views.ts"],
    imports: ["base", "core"],
    packages: ["zod"],
    pure: true,
  },
  {
    name: "channel",
    paths: ["engine/supervisor/channel.ts"],
    imports: [...common, "config", "core", "pair"],
    packages: ["zod"],
    pure: true,
  },
  {
    name: "plan",
    paths: ["engine/supervisor/plan.ts"],
    imports: [...common, "config", "channel", "pair"],
    packages: [],
    pure: true,
  },
  { name: "faults", paths: ["engine/faults/"], imports: ["base", "contract"], packages: ["node:*"] },
  { name: "client", paths: ["engine/client/"], imports: ["base", "wire"], packages: ["node:*"] },
  {
    name: "clients",
    paths: ["engine/clients/"],
    imports: [...common, "core", "wire", "client", "channel"],
    packages: ["node:*", "zod"],
  },
  {
    name: "machine",
    paths: [
      "engine/host/after-reading.ts",
      "engine/host/make-directory.ts",
      "engine/host/ports.ts",
      "engine/host/process-identity.ts",
      "engine/host/sync-directory.ts",
    ],
    imports: ["base"],
    packages: ["node:*"],
  },
  {
    name: "host",
    paths: ["engine/host/"],
    imports: [...common, "config", "wire", "core", "session", "pair", "node", "channel", "machine", "faults"],
    packages: ["node:*", "better-sqlite3", "ws", "zod"],
  },
  {
    name: "supervisor",
    paths: ["engine/supervisor/"],
    imports: [
      ...common,
      "config",
      "core",
      "pair",
      "channel",
      "plan",
      "faults",
      "client",
      "clients",
      "machine",
    ],
    packages: ["node:*", "zod"],
  },
  {
    name: "control",
    paths: ["engine/control/"],
    imports: [...common, "config", "supervisor", "machine"],
    packages: ["node:*", "fastify", "ws", "zod"],
  },
  {
    name: "cli",
    paths: ["engine/cli/"],
    imports: [...common, "config", "control", "supervisor", "host", "machine"],
    packages: ["node:*", "commander", "zod"],
  },
  { name: "bridge", paths: ["electron/ipc-contract.ts"], imports: ["contract"], packages: [] },
  {
    name: "electron",
    paths: ["electron/"],
    imports: [...common, "bridge", "config", "control", "supervisor"],
    packages: ["node:*", "electron", "zod"],
  },
  {
    name: "renderer-shared",
    paths: ["renderer/shared/"],
    imports: ["base"],
    packages: ["svelte", "bits-ui", "@lucide/svelte"],
  },
  {
    name: "renderer",
    paths: ["renderer/"],
    imports: ["renderer-shared", "bridge", "contract"],
    packages: ["svelte", "bits-ui", "@lucide/svelte", "uplot", "virtua"],
  },
];

export interface BannedCall {
  readonly pattern: RegExp;
  readonly instead: string;
}

/** What pure areas must not call, and what they do instead. */
export const bannedInPureAreas: readonly BannedCall[] = [
  { pattern: /\bDate\.now\(|\bnew Date\(\)/, instead: "take `now.wall` as an argument" },
  { pattern: /\bperformance\.now\(/, instead: "take `now.monotonic` as an argument" },
  {
    pattern: /\bMath\.random\(|\brandomUUID\(|\brandomBytes\(/,
    instead: "derive it from the op, or take `random`",
  },
  {
    pattern: /\bset(Timeout|Interval|Immediate)\(/,
    instead: "ask for a wake-up (`wakeAt`) and let the host call",
  },
  {
    pattern: /\bprocess\.(env|exit|hrtime|nextTick)\b/,
    instead: "let the host do it and pass the result in",
  },
  { pattern: /\bconsole\.\w+\(/, instead: "return it as an effect; the host reports" },
];

/** What no file of the engine may contain. */
export const bannedInEngine: readonly BannedCall[] = [
  {
    pattern: /^\s*(export )?(declare )?(const )?enum\s/m,
    instead: "use a union of literals: Node only strips types",
  },
  { pattern: /^export default\b/m, instead: "export it by its name" },
  {
    pattern: /\bunderstudy (up|status|start|stop|kill|thaw|promote|link|recover|send)\b/,
    instead: "say it with `commandLine(...)`: `understudy` alone cannot be typed",
  },
];

export const linesPerFileMax = 400;

/** Files that were longer when the limit came; each number may only fall. */
export const longFiles: Readonly<Record<string, number>> = {};
