import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFailed, onTestFinished } from "vitest";
import { root } from "../../build/paths.mjs";

/** Longer than anything takes on a slow and busy machine: whoever waits so long waits in vain. */
export const patienceMs = 30_000;

/** A new directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "understudy-process-"));
  onTestFinished(() => {
    rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
  return directory;
}

/** One command of the user's, as a process of its own. */
export class Program {
  readonly child: ChildProcess;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly out: string[] = [];
  readonly #title: string;
  readonly #startedAt = performance.now();
  readonly #log: string[] = [];
  readonly #listeners = new Set<() => void>();
  #isOver = false;

  /** `throughNpm`: typed as in the README; otherwise without npm, which takes half a second more. */
  constructor(
    args: readonly string[],
    options: { throughNpm?: boolean; environment?: Record<string, string> } = {},
  ) {
    this.#title = `understudy ${args.join(" ")}`;
    const [command, leading] =
      options.throughNpm === true
        ? ["npm", ["run", "--silent", "understudy", "--"]]
        : [process.execPath, [join(root, "build", "run.mjs"), "understudy"]];
    this.child = spawn(command, [...leading, ...args], {
      cwd: root,
      env: { ...process.env, ...options.environment },
      // A group of its own: what a failed test leaves over can be ended as a whole.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code, signal) => {
        this.#isOver = true;
        this.#note("end", String(signal ?? code));
        resolve(signal ?? code ?? 1);
      });
    });
    this.#collect("out");
    this.#collect("err");
    onTestFinished(() => this.#endGroup());
    onTestFailed(({ task }) => {
      this.#keepLog(task.name);
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What it has said on standard error so far. */
  get err(): string {
    return this.#log.filter((line) => line.includes(" err ")).join("\n");
  }

  /** Calls `look` at each line and at the end, until it says anything but `undefined`. */
  async saying<Answer>(look: () => Answer | undefined, what: string): Promise<Answer> {
    return await new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(check);
      };
      const check = (): void => {
        const answer = look();
        if (answer !== undefined) {
          settle();
          resolve(answer);
        } else if (this.#isOver) {
          settle();
          reject(new Error(`${this.#title} ended before ${what}:\n${this.#log.join("\n")}`));
        }
      };
      const timer = setTimeout(() => {
        settle();
        reject(new Error(`${what} did not come from ${this.#title}:\n${this.#log.slice(-40).join("\n")}`));
      }, patienceMs);
      this.#listeners.add(check);
      check();
    });
  }

  /** Closes the pipe that its output goes into, as `head -1` does. */
  stopReading(): void {
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
  }

  /** Resolves once more than `seen` lines are printed, or after a moment: what they told of may show itself late. */
  async news(seen: number, momentMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        resolve();
      };
      const look = (): void => {
        if (this.out.length > seen || this.#isOver) settle();
      };
      const timer = setTimeout(settle, momentMs);
      this.#listeners.add(look);
      look();
    });
  }

  #collect(name: "out" | "err"): void {
    let rest = "";
    const stream = name === "out" ? this.child.stdout : this.child.stderr;
    stream?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (name === "out") this.out.push(line);
        this.#note(name, line);
      }
    });
    this.child.once("close", () => {
      if (rest !== "") this.#note(name, rest);
    });
  }

  #note(kind: string, text: string): void {
    const at = String(Math.round(performance.now() - this.#startedAt)).padStart(7);
    this.#log.push(`${at} ${kind} ${text}`);
    for (const look of [...this.#listeners]) look();
  }

  async #endGroup(): Promise<void> {
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // Nothing of it is left.
    }
    await this.ended;
  }

  #keepLog(testName: string): void {
    const directory = join(root, "test", "artifacts");
    mkdirSync(directory, { recursive: true });
    const name = testName.replaceAll(/[^\w]+/g, "-").slice(0, 80);
    writeFileSync(
      join(directory, `process-${name}-${this.pid}.log`),
      `${this.#title}\n${this.#log.join("\n")}\n`,
    );
  }
}

/** Runs a command to its end. */
export async function run(
  args: readonly string[],
): Promise<{ code: number | NodeJS.Signals; out: string; err: string }> {
  const program = new Program(args);
  const code = await program.ended;
  return { code, out: program.out.join("\n"), err: program.err };
}

/** Asks again until `look` gives anything but `undefined`; for numbers that no event tells. */
export async function eventually<Answer>(
  look: () => Promise<Answer | undefined>,
  what: string,
): Promise<Answer> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const answer = await look();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`${what} did not come about.`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
