import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, onTestFinished, test } from "vitest";
import { root } from "../../build/paths.mjs";
import { snippetsFor } from "../../renderer/snippets/snippets.ts";
import { Pair } from "../process/pair.ts";
import { javaOptions } from "./java.ts";
import { LineProgram } from "./lines.ts";
import { interpreterOf } from "./scripts.ts";

const java = inject("java");
const [python, ruby, perl] = [interpreterOf("python"), interpreterOf("ruby"), interpreterOf("perl")];

/** How a snippet is run as it is printed; output to a pipe, unlike that to a terminal, would wait in a buffer. */
interface Runner {
  readonly file: string;
  readonly command: string | null;
  readonly args: (file: string) => readonly string[];
  /** What the user would put around it. */
  readonly around?: (code: string) => string;
  readonly sends: boolean;
  readonly receives: boolean;
}

const runners: Readonly<Record<string, Runner>> = {
  "Python stomp.py": {
    file: "snippet.py",
    command: python,
    args: (file) => ["-u", file],
    sends: true,
    receives: true,
  },
  "Ruby stomp": {
    file: "snippet.rb",
    command: ruby,
    args: (file) => ["-e", "$stdout.sync = true; load ARGV[0]", file],
    sends: true,
    receives: true,
  },
  "Perl Net::Stomp": {
    file: "snippet.pl",
    command: perl,
    args: (file) => ["-e", "$| = 1; do $ARGV[0] or die $@", file],
    sends: true,
    receives: true,
  },
  "Node stompit": {
    file: "snippet.mjs",
    command: process.execPath,
    args: (file) => [file],
    sends: true,
    receives: false,
  },
  "Node @stomp/stompjs": {
    file: "snippet.mjs",
    command: process.execPath,
    args: (file) => [file],
    sends: false,
    receives: true,
  },
  "Java JMS": {
    file: "Snippet.java",
    command: java?.command ?? null,
    args: (file) => [...javaOptions(java?.classPath ?? ""), file],
    around: asClass,
    sends: true,
    receives: false,
  },
};

function asClass(code: string): string {
  const lines = code.split("\n");
  const imports = lines.filter((line) => line.startsWith("import "));
  const body = lines.filter((line) => !line.startsWith("import "));
  const head = "class Snippet { public static void main(String[] args) throws Exception {";
  return [...imports, head, ...body, "} }"].join("\n");
}

/** Within the checkout, where Node finds the packages that are named. */
function write({ file, around = (code) => code }: Runner, code: string): string {
  const parent = join(root, "node_modules", ".cache", "understudy");
  mkdirSync(parent, { recursive: true });
  const directory = mkdtempSync(join(parent, "snippet-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, file);
  writeFileSync(path, around(code));
  return path;
}

function says(program: LineProgram, text: string): Promise<string> {
  return program.saying(() => program.lines.find((line) => line === text), text);
}

for (const [name, runner] of Object.entries(runners)) {
  const { command } = runner;
  test.skipIf(command === null)(
    `the window's snippet for ${name} works as printed, over a kill`,
    async () => {
      const pair = await Pair.start();
      const snippet = snippetsFor({
        failoverUri: pair.ready.failover,
        host: "127.0.0.1",
        primaryPort: pair.ports.primary,
        replicaPort: pair.ports.replica,
      }).find((each) => each.name === name);
      const path = write(runner, snippet?.code ?? "");
      const start = (): LineProgram => new LineProgram(command ?? "", runner.args(path), name);

      const program = start();
      if (!runner.sends) await pair.cli("send", "orders", "hello");
      if (runner.receives) await says(program, "hello");
      else expect(await pair.cli("receive", "orders", "--timeout", "20000")).toBe("hello");

      await pair.killFromOutside("primary");
      if (runner.receives) {
        await pair.isState("replica", "active");
        await pair.cli("send", "orders", "after");
        await says(program, "after");
      } else {
        start();
        expect(await pair.cli("receive", "orders", "--timeout", "20000")).toBe("hello");
      }
    },
  );
}
