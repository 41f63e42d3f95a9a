import { spawn, type ChildProcess } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import type { Subject } from "./brokers.ts";
import { median, type Figure } from "./figures.ts";
import { javaArguments, type Java } from "../interop/java.ts";

/** One kind of traffic of the real JMS client; messages are persistent and of 1 KiB. */
interface Row {
  readonly what: string;
  readonly order: Readonly<Record<string, number>>;
}

const rows: readonly Row[] = [
  { what: "1 producer, sync", order: { producers: 1 } },
  { what: "8 producers, sync", order: { producers: 8 } },
  { what: "8 + 8, end to end", order: { producers: 8, consumers: 8 } },
  { what: "1 producer, 100 a commit", order: { producers: 1, groupSize: 100 } },
  { what: "1 consumer, backlog", order: { consumers: 1, backlog: 20_000 } },
];

export interface OpenwireScale {
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly rounds: number;
}

/** The client's process: one for all rows and brokers, so that none of them meets a colder one. */
class Load {
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  constructor(java: Java) {
    this.#child = spawn(java.command, javaArguments(java, "load.Main", []), {
      stdio: ["pipe", "pipe", "inherit"],
    });
    if (this.#child.stdout === null) throw new Error("the load has no output");
    this.#lines = createInterface({ input: this.#child.stdout });
  }

  async perSecond(order: Readonly<Record<string, number | string>>): Promise<number> {
    return await new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error("the load ended before it answered"));
      this.#child.once("exit", ended);
      this.#lines.once("line", (line) => {
        this.#child.off("exit", ended);
        resolve((JSON.parse(line) as { perSecond: number }).perSecond);
      });
      this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    });
  }

  end(): void {
    this.#child.stdin?.end();
  }
}

/**
 * Messages a second over OpenWire. The brokers take turns within each round, and the ratio is taken within the round:
 * what the machine does meanwhile is the same for both.
 */
export async function openwireRates(
  java: Java,
  starts: readonly (() => Promise<Subject>)[],
  { rounds, ...times }: OpenwireScale,
): Promise<Figure[]> {
  const part = "OpenWire 1 KiB";
  const load = new Load(java);
  const subjects = [];
  for (const start of starts) subjects.push(await start());
  const figures: Figure[] = [];
  for (const { what, order } of rows) {
    const measured: number[][] = subjects.map(() => []);
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, { port, openwirePort = port }] of subjects.entries()) {
        const uri = `tcp://127.0.0.1:${openwirePort}`;
        measured[index]?.push(await load.perSecond({ uri, ...times, ...order }));
      }
    }
    const [ours = [], real = []] = measured;
    for (const [index, { name }] of subjects.entries())
      figures.push({ part, subject: name, what, value: median(measured[index] ?? []), unit: "msg/s" });
    const ratios = ours.map((value, round) => value / (real[round] ?? Number.NaN));
    figures.push({
      part,
      subject: `${subjects[0]?.name}/${subjects[1]?.name}`,
      what,
      value: median(ratios),
      unit: "×",
    });
  }
  load.end();
  for (const subject of subjects) await subject.stop();
  return figures;
}
