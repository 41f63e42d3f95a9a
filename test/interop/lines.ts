import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { javaArguments, type Java } from "./java.ts";

/** Longer than anything takes on a slow and busy machine: whoever waits so long waits in vain. */
export const patienceMs = 60_000;

/** A process that says lines, and takes them. Ended with the test. */
export class LineProgram {
  readonly child: ChildProcess;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly lines: string[] = [];
  readonly #title: string;
  readonly #errors: string[] = [];
  readonly #listeners = new Set<() => void>();
  #isOver = false;

  constructor(command: string, args: readonly string[], title = `${command} ${args.join(" ")}`) {
    this.#title = title;
    this.child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code, signal) => {
        this.#isOver = true;
        this.#wake();
        resolve(signal ?? code ?? 1);
      });
    });
    this.#read("stdout", this.lines);
    this.#read("stderr", this.#errors);
    onTestFinished(async () => {
      this.child.kill("SIGKILL");
      await this.ended;
    });
  }

  write(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** Closes its input, which ends those of our programs that read it. */
  close(): void {
    this.child.stdin?.end();
  }

  /** Calls `take` with each line, also those it said already. */
  each(take: (line: string) => void): void {
    let taken = 0;
    const look = (): void => {
      for (const line of this.lines.slice(taken)) take(line);
      taken = this.lines.length;
    };
    this.#listeners.add(look);
    look();
  }

  /** Calls `look` at each line and at the end, until it says anything but `undefined`. */
  async saying<Answer>(look: () => Answer | undefined, what: string): Promise<Answer> {
    return await new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(check);
      };
      const fail = (how: string): void => {
        settle();
        const said = [...this.lines.slice(-20), ...this.#errors.slice(-20)].join("\n");
        reject(new Error(`${what}: ${this.#title} ${how}:\n${said}`));
      };
      const check = (): void => {
        const answer = look();
        if (answer !== undefined) {
          settle();
          resolve(answer);
        } else if (this.#isOver) fail("ended");
      };
      const timer = setTimeout(() => fail("did not say so"), patienceMs);
      this.#listeners.add(check);
      check();
    });
  }

  #read(name: "stdout" | "stderr", lines: string[]): void {
    const input = this.child[name];
    if (input === null) return;
    createInterface({ input }).on("line", (line) => {
      lines.push(line);
      this.#wake();
    });
  }

  #wake(): void {
    for (const look of [...this.#listeners]) look();
  }
}

/** One of our main classes. */
export class JavaProgram extends LineProgram {
  constructor(java: Java, mainClass: string, args: readonly string[]) {
    super(java.command, javaArguments(java, mainClass, args), `${mainClass} ${args.join(" ")}`);
  }
}
