import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "vitest";
import { root } from "../../build/paths.mjs";
import type { Pair } from "../process/pair.ts";
import { arrivalOf, type Sending, type Traffic } from "../process/traffic.ts";
import { LineProgram } from "./lines.ts";

/** A language with a STOMP client in Debian: what runs it, how to see whether the client is there, and its package. */
const languages = {
  python: {
    commands: ["python3", "/usr/bin/python3"],
    probe: ["-c", "import stomp"],
    package: "python3-stomp",
  },
  ruby: { commands: ["ruby", "/usr/bin/ruby"], probe: ["-e", "require 'stomp'"], package: "ruby-stomp" },
  perl: {
    commands: ["perl", "/usr/bin/perl"],
    probe: ["-e", "use Net::Stomp"],
    package: "libnet-stomp-perl",
  },
} as const;

export type Language = keyof typeof languages;

const extensions = { python: "py", ruby: "rb", perl: "pl" } as const;

/** What runs scripts with that client, or `null`, after a word on how to get it. */
export function interpreterOf(language: Language): string | null {
  const { commands, probe, package: name } = languages[language];
  const found = commands.find((command) => spawnSync(command, [...probe]).status === 0);
  if (found !== undefined) return found;
  process.stderr.write(`The ${language} client is skipped. To run it: sudo apt-get install -y ${name}\n`);
  return null;
}

/** A story with a client of that language; skipped where there is none. */
export function scriptCase(
  language: Language,
  name: string,
  body: (start: (pair: Pair, traffic: Traffic, ...args: readonly string[]) => ScriptClient) => Promise<void>,
): void {
  const interpreter = interpreterOf(language);
  test.skipIf(interpreter === null)(`${language}: ${name}`, async () => {
    if (interpreter === null) return;
    await body((pair, traffic, ...args) => new ScriptClient(interpreter, language, pair, traffic, args));
  });
}

type Line =
  | { readonly confirmed: readonly Sending[] }
  | { readonly headers: Readonly<Record<string, string>> }
  | { readonly stopped: true };

/** One of our programs in that language, which tells the traffic what was confirmed and what arrived. */
export class ScriptClient {
  readonly #program: LineProgram;

  constructor(
    interpreter: string,
    language: Language,
    pair: Pair,
    traffic: Traffic,
    args: readonly string[],
  ) {
    const file = join(root, "test", "interop", language, `traffic.${extensions[language]}`);
    const ports = [`${pair.ports.primary}`, `${pair.ports.replica}`];
    this.#program = new LineProgram(interpreter, [file, ...ports, ...args]);
    this.#program.each((text) => {
      const line = JSON.parse(text) as Line;
      if ("confirmed" in line) traffic.confirmed(line.confirmed);
      else if ("headers" in line) traffic.arrived(arrivalOf(line.headers));
    });
  }

  /** A producer sends no more; resolves when it has said what was confirmed. */
  async stop(): Promise<void> {
    this.#program.write("stop");
    await this.#program.saying(
      () => this.#program.lines.find((line) => line.includes('"stopped"')),
      "the end of it",
    );
  }
}
