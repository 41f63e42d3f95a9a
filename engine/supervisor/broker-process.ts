import { fork, type ChildProcess } from "node:child_process";
import type { BrokerConfiguration } from "../config/configuration.ts";
import type { BrokerReport, SupervisorOrder } from "./channel.ts";
import { afterReading } from "../host/after-reading.ts";
import { checkReport } from "./report-check.ts";
import { isStopped } from "./process-state.ts";
import type { ChildRuntime } from "./runtime.ts";

/** How a broker process ended. */
export interface BrokerExit {
  readonly pid: number;
  readonly code: number | null;
  /** The signal that killed it, whoever sent it; `null` when it ended by itself. */
  readonly signal: NodeJS.Signals | null;
  /** Its last lines on stderr, for the reason when it said none. */
  readonly stderr: readonly string[];
}

export interface BrokerProcessHandlers {
  report(report: BrokerReport): void;
  /** Called once; nothing is reported after it. */
  exited(exit: BrokerExit): void;
  /** The process was stopped (SIGSTOP) or continued by anyone. */
  frozen(isFrozen: boolean): void;
  /** It sent something that is no report: a bug, said and survived. */
  nonsense(detail: string): void;
}

export const stopTimeoutMs = 10_000;
/** Much of what a broker makes is garbage soon; a larger nursery is a hundred megabytes more and saves no time. */
const brokerFlags = ["--max-semi-space-size=8"];
const stderrLineCountMax = 50;
const stderrLineCharactersMax = 2_000;
/** A broker is asked for a sign of life this often; only while it owes one is its process state looked at. */
const pingIntervalMs = 200;
const frozenPollMs = 50;

/** One broker process, from fork to exit. */
export class BrokerProcess {
  readonly pid: number;
  readonly exited: Promise<BrokerExit>;
  readonly #child: ChildProcess;
  readonly #handlers: BrokerProcessHandlers;
  readonly #stderr: string[] = [];
  readonly #pongs = new Map<number, () => void>();
  #pingCount = 0;
  #owesPong = false;
  #isFrozen = false;
  #isOver = false;
  #watch: NodeJS.Timeout | null = null;

  /** Forks the process and configures it; secrets travel over the channel only. */
  constructor(runtime: ChildRuntime, configuration: BrokerConfiguration, handlers: BrokerProcessHandlers) {
    this.#handlers = handlers;
    this.#child = fork(runtime.entry("broker"), [], {
      execPath: runtime.execPath,
      execArgv: brokerFlags,
      env: runtime.env,
      serialization: "json",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.pid = this.#child.pid ?? 0;
    this.exited = this.#observeExit();
    this.#child.on("message", (message) => this.#received(message));
    this.#collectStderr();
    this.send({ kind: "configure", configuration });
    this.#keepPinging();
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  get isAlive(): boolean {
    return !this.#isOver;
  }

  /** Last lines on stderr. */
  get stderr(): readonly string[] {
    return this.#stderr;
  }

  /** Sends an order; one to a process that has just died is lost, as its exit says. */
  send(order: SupervisorOrder): void {
    if (this.#isOver || !this.#child.connected) return;
    this.#child.send(order, () => undefined);
  }

  /** Whether it answers within `timeoutMs`. */
  async ping(timeoutMs: number): Promise<boolean> {
    // One that is stopped cannot answer: no use in waiting for it.
    if (this.#isOver || isStopped(this.pid)) return false;
    const ping = ++this.#pingCount;
    return await new Promise((resolve) => {
      const settle = (answered: boolean): void => {
        clearTimeout(timer);
        this.#pongs.delete(ping);
        resolve(answered);
      };
      const timer = setTimeout(() => afterReading(() => settle(false)), timeoutMs);
      this.#pongs.set(ping, () => settle(true));
      this.send({ kind: "ping", ping });
    });
  }

  /** Sends a signal; `false` when the process is gone. */
  signal(signal: NodeJS.Signals): boolean {
    const isSent = !this.#isOver && this.#child.kill(signal);
    // The kernel takes a moment to carry these out, but nothing can prevent them.
    if (isSent && (signal === "SIGSTOP" || signal === "SIGCONT")) this.#setFrozen(signal === "SIGSTOP");
    return isSent;
  }

  /** SIGKILL, and the exit that follows. */
  async kill(): Promise<BrokerExit> {
    this.signal("SIGKILL");
    return await this.exited;
  }

  /** Orders it to stop and waits; kills it after {@link stopTimeoutMs}. Returns whether it stopped by itself. */
  async stop(pair: boolean): Promise<boolean> {
    this.send({ kind: "stop", pair });
    let isKilled = false;
    const timer = setTimeout(() => {
      isKilled = true;
      this.signal("SIGKILL");
    }, stopTimeoutMs);
    await this.exited;
    clearTimeout(timer);
    return !isKilled;
  }

  #observeExit(): Promise<BrokerExit> {
    return new Promise((resolve) => {
      const over = (code: number | null, signal: NodeJS.Signals | null): void => {
        if (this.#isOver) return;
        this.#isOver = true;
        if (this.#watch !== null) clearTimeout(this.#watch);
        for (const answered of [...this.#pongs.values()]) answered();
        const exit = { pid: this.pid, code, signal, stderr: this.#stderr };
        this.#handlers.exited(exit);
        resolve(exit);
      };
      this.#child.on("exit", over);
      this.#child.on("error", (error) => {
        this.#stderr.push(error.message);
        // Not even started: there is no exit to wait for.
        if (this.#child.pid === undefined) over(null, null);
      });
    });
  }

  #received(message: unknown): void {
    if (this.#isOver) return;
    const report = checkReport(message);
    if (typeof report === "string") {
      this.#handlers.nonsense(report);
      return;
    }
    this.#owesPong = false;
    // What it sent before it was stopped may arrive after.
    if (this.#isFrozen) this.#setFrozen(isStopped(this.pid));
    if (report.kind === "pong") this.#pongs.get(report.ping)?.();
    else this.#handlers.report(report);
  }

  #keepPinging(): void {
    if (this.#isOver) return;
    if (this.#owesPong) {
      this.#setFrozen(isStopped(this.pid));
    } else {
      this.#owesPong = true;
      this.send({ kind: "ping", ping: ++this.#pingCount });
    }
    this.#watch = setTimeout(() => this.#keepPinging(), this.#isFrozen ? frozenPollMs : pingIntervalMs);
    this.#watch.unref();
  }

  #setFrozen(isFrozen: boolean): void {
    if (isFrozen === this.#isFrozen) return;
    this.#isFrozen = isFrozen;
    this.#handlers.frozen(isFrozen);
  }

  #collectStderr(): void {
    let rest = "";
    this.#child.stderr?.setEncoding("utf8");
    this.#child.stderr?.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = (lines.pop() ?? "").slice(-stderrLineCharactersMax);
      for (const line of lines)
        if (line.trim() !== "") this.#stderr.push(line.slice(0, stderrLineCharactersMax));
      this.#stderr.splice(0, Math.max(0, this.#stderr.length - stderrLineCountMax));
    });
  }
}
