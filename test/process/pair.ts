import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { controlClient, type ControlClient } from "../../engine/control/client.ts";
import type { BrokerState, NodeName, PairView, Protection } from "../../engine/control/views.ts";
import { patienceMs, Program, run, temporaryDirectory } from "./program.ts";

/** The line that `up --json` prints when the pair is ready. */
export interface ReadyLine {
  readonly event: "ready";
  readonly failover: string;
  readonly control: string;
  readonly data: string;
  readonly primary: { readonly port: number; readonly pid: number; readonly state: BrokerState };
  readonly replica: { readonly port: number; readonly pid: number; readonly state: BrokerState };
  readonly protection: Protection;
}

/** Any other line. */
export interface EventLine {
  readonly event: string;
  readonly id: number;
  readonly at: number;
  readonly text: string;
  readonly [detail: string]: unknown;
}

export interface StartOptions {
  /** A directory that was used before; default: a new one. */
  readonly data?: string;
  readonly flags?: readonly string[];
  readonly ports?: { readonly primary: number; readonly replica: number };
  readonly throughNpm?: boolean;
  readonly environment?: Record<string, string>;
}

/** Arguments of `up` with free ports, unless some are wanted. */
export function upArguments({ data = temporaryDirectory(), flags = [], ports }: StartOptions = {}): string[] {
  const { primary = 0, replica = 0 } = ports ?? {};
  const numbers = ["--primary-port", `${primary}`, "--replica-port", `${replica}`, "--control-port", "0"];
  return ["up", "--json", ...numbers, "--data", data, ...flags];
}

/** A running `understudy up`, seen from outside: its output, its processes, its ports, its control API. */
export class Pair {
  readonly ready: ReadyLine;
  /** From starting the process to its ready line. */
  readonly startUpMs: number;
  readonly control: ControlClient;
  readonly #program: Program;

  private constructor(program: Program, ready: ReadyLine, startUpMs: number) {
    this.#program = program;
    this.ready = ready;
    this.startUpMs = startUpMs;
    this.control = controlClient({ url: ready.control, token: this.token });
  }

  static async start(options: StartOptions = {}): Promise<Pair> {
    const startedAt = performance.now();
    const program = new Program(upArguments(options), options);
    const line = await program.saying(() => program.out[0], "the ready line");
    return new Pair(program, JSON.parse(line) as ReadyLine, performance.now() - startedAt);
  }

  get data(): string {
    return this.ready.data;
  }

  get ports(): { primary: number; replica: number } {
    return { primary: this.ready.primary.port, replica: this.ready.replica.port };
  }

  get token(): string {
    return readFileSync(join(this.data, "control.token"), "utf8").trim();
  }

  /** All events printed so far. */
  get events(): EventLine[] {
    return this.#program.out.slice(1).map((line) => JSON.parse(line) as EventLine);
  }

  /** Process that runs the pair; through npm that is not the one that was started. */
  get supervisorPid(): number {
    return (JSON.parse(readFileSync(join(this.data, "control.json"), "utf8")) as { pid: number }).pid;
  }

  /** The next event that fits, the ones already printed included unless they are numbered `after` or less. */
  async happens(fits: (event: EventLine) => boolean, what: string, after = 0): Promise<EventLine> {
    return await this.#program.saying(
      () => this.events.find((event) => event.id > after && fits(event)),
      what,
    );
  }

  get lastEventId(): number {
    return this.events.at(-1)?.id ?? 0;
  }

  async view(): Promise<PairView> {
    return await this.control.getPair({});
  }

  /** Looks at the pair at every event, until it is as wanted. */
  async becomes(isTrue: (view: PairView) => boolean, what: string): Promise<PairView> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const seen = this.#program.out.length;
      const view = await this.view();
      if (isTrue(view)) return view;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`${what} did not come about: ${JSON.stringify(view, null, 1)}`);
      await this.#program.news(seen, 200);
    }
  }

  /** Resolves at the next event, or after a moment. */
  async somethingHappens(): Promise<void> {
    await this.#program.news(this.#program.out.length, 200);
  }

  async isState(node: NodeName, state: BrokerState): Promise<PairView> {
    return await this.becomes((view) => view[node].state === state, `${node} ${state}`);
  }

  async isProtection(protection: Protection): Promise<PairView> {
    return await this.becomes((view) => view.protection === protection, `protection ${protection}`);
  }

  async pidOf(node: NodeName): Promise<number> {
    const { pid } = (await this.view())[node];
    if (pid === null) throw new Error(`the ${node} has no process`);
    return pid;
  }

  /** `kill -9 PID`, as from a terminal. Returns when it happened, before anybody could react. */
  async killFromOutside(node: NodeName): Promise<{ pid: number; at: number }> {
    const pid = await this.pidOf(node);
    process.kill(pid, "SIGKILL");
    return { pid, at: performance.now() };
  }

  /** `kill -9` of the supervisor and both brokers at once. */
  async killEverything(): Promise<void> {
    const { primary, replica } = await this.view();
    for (const pid of [this.supervisorPid, primary.pid, replica.pid])
      if (pid !== null) process.kill(pid, "SIGKILL");
    await this.#program.ended;
  }

  async killSupervisor(): Promise<void> {
    process.kill(this.supervisorPid, "SIGKILL");
    await this.#program.ended;
  }

  /** Ctrl+C; resolves with the exit code. */
  async interrupt(): Promise<number | NodeJS.Signals> {
    process.kill(this.#program.pid, "SIGINT");
    return await this.#program.ended;
  }

  /** What it prints from now on goes nowhere. */
  stopReading(): void {
    this.#program.stopReading();
  }

  get ended(): Promise<number | NodeJS.Signals> {
    return this.#program.ended;
  }

  /** Runs a command on this pair; fails unless it succeeds. */
  async cli(...args: readonly string[]): Promise<string> {
    const { code, out, err } = await this.tryCli(...args);
    if (code !== 0) throw new Error(`understudy ${args.join(" ")} ended with ${code}: ${out}\n${err}`);
    return out;
  }

  async tryCli(
    ...args: readonly string[]
  ): Promise<{ code: number | NodeJS.Signals; out: string; err: string }> {
    return await run([...args, "--data", this.data]);
  }
}

/** `accepted`, or the code of the operating system's refusal. */
export async function connectionTo(port: number): Promise<string> {
  return await new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve("accepted");
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** Whether a process with this number lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
