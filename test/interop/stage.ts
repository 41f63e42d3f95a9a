import { expect, onTestFinished } from "vitest";
import { Pair } from "../process/pair.ts";
import { temporaryDirectory } from "../process/program.ts";
import type { Java } from "./java.ts";
import { JavaProgram } from "./lines.ts";

/** Two addresses, of which the first serves until it is killed. */
export interface Stage {
  readonly ports: { readonly primary: number; readonly replica: number };
  /** `kill -9` of what serves; resolves when it is gone, not when the other has taken over. */
  kill(): Promise<void>;
}

/** `UNDERSTUDY_REAL=1`: the real broker, killed and started again on its store under the other address, which shows what the real one makes of it. */
export const isReal = process.env["UNDERSTUDY_REAL"] === "1";

export async function startStage(java: Java): Promise<Stage> {
  if (isReal) return await RealStage.start(java);
  const pair = await Pair.start();
  return {
    ports: pair.ports,
    kill: async () => {
      await pair.killFromOutside("primary");
    },
  };
}

/** What clients are given. */
export function failoverUri(ports: Stage["ports"], nested = "", options = "randomize=false"): string {
  const [primary, replica] = [ports.primary, ports.replica].map((port) => `tcp://127.0.0.1:${port}${nested}`);
  return `failover:(${primary},${replica})?${options}`;
}

class RealStage implements Stage {
  readonly ports: { readonly primary: number; readonly replica: number };
  readonly #java: Java;
  readonly #directory: string;
  #program: JavaProgram;

  private constructor(java: Java, directory: string, program: JavaProgram, ports: Stage["ports"]) {
    this.#java = java;
    this.#directory = directory;
    this.#program = program;
    this.ports = ports;
  }

  static async start(java: Java): Promise<RealStage> {
    const directory = temporaryDirectory();
    const program = new JavaProgram(java, "activemq.Main", [directory, "0"]);
    const primary = Number(await program.saying(() => program.lines[0], "the port"));
    return new RealStage(java, directory, program, { primary, replica: primary + 1 });
  }

  async kill(): Promise<void> {
    this.#program.child.kill("SIGKILL");
    await this.#program.ended;
    this.#program = new JavaProgram(this.#java, "activemq.Main", [this.#directory, `${this.ports.replica}`]);
  }
}

/** Times of one case over its repetitions; the median is what counts. */
const blackouts = new Map<string, number[]>();

export function noteBlackout(ms: number): void {
  const name = (expect.getState().currentTestName ?? "").replace(/ \(\d+\)$/, "");
  const times = blackouts.get(name) ?? [];
  blackouts.set(name, times);
  times.push(ms);
  onTestFinished(() => {
    const sorted = times.toSorted((one, other) => one - other);
    const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    process.stdout.write(`blackout: ${name}: median ${Math.round(median)} ms of ${times.length}\n`);
  });
}
