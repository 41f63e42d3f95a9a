import { BrokerError } from "../base/errors.ts";
import type { BrokerConfiguration } from "../config/configuration.ts";
import type { BrokerState, NodeName } from "../control/views.ts";
import { BrokerProcess, type BrokerExit } from "./broker-process.ts";
import { errorFromFailure } from "./failures.ts";
import {
  exitCodes,
  type BrokerReport,
  type EndReason,
  type NodeOperation,
  type NodeReplies,
  type NodeStatistics,
  type NodeStatus,
  type SupervisorOrder,
} from "./channel.ts";
import type { NodeSnapshot } from "./pair-view.ts";
import { Rate } from "./rates.ts";
import type { ChildRuntime } from "./runtime.ts";

export interface NodeHandleHooks {
  report(node: NodeName, report: BrokerReport): void;
  exited(node: NodeName, exit: BrokerExit, isOrdered: boolean): void;
  /** The state as users see it is another one now. */
  stateChanged(node: NodeName, state: BrokerState, reason: string | null): void;
  frozen(node: NodeName, isFrozen: boolean): void;
  nonsense(node: NodeName, detail: string): void;
  /** Whether the other node was granted to serve in its stead. */
  isSuperseded(node: NodeName): boolean;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout;
}

const requestTimeoutMs = 10_000;

/** One node, whether its process runs or not: where it stands, and what is asked of it. */
export class NodeHandle {
  readonly node: NodeName;
  readonly port: number;
  readonly #runtime: ChildRuntime;
  readonly #settings: () => BrokerConfiguration;
  readonly #hooks: NodeHandleHooks;
  readonly #pending = new Map<number, Pending>();
  readonly #in = new Rate();
  readonly #out = new Rate();
  #process: BrokerProcess | null = null;
  #isStopping = false;
  /** Its status is from before it was frozen, or no better. */
  #isBehindTime = false;
  #requestCount = 0;
  #status: NodeStatus | null = null;
  #statistics: NodeStatistics | null = null;
  #ending: { reason: EndReason; text: string } | null = null;
  #rest: { state: BrokerState; reason: string | null } = { state: "stopped", reason: null };
  #shown: { state: BrokerState; reason: string | null };
  #since: number;

  /** `settings` is asked at each start: which part the node plays then depends on who serves. */
  constructor(
    { node, port }: { node: NodeName; port: number },
    settings: () => BrokerConfiguration,
    runtime: ChildRuntime,
    hooks: NodeHandleHooks,
  ) {
    this.node = node;
    this.port = port;
    this.#settings = settings;
    this.#runtime = runtime;
    this.#hooks = hooks;
    this.#shown = this.#rest;
    this.#since = Date.now();
  }

  get state(): BrokerState {
    return this.#shown.state;
  }

  get reason(): string | null {
    return this.#shown.reason;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Bytes that its process sent to the other node so far. */
  get linkBytes(): number {
    return this.#statistics?.linkBytes ?? 0;
  }

  get isRunning(): boolean {
    return this.#process !== null;
  }

  get status(): NodeStatus | null {
    return this.#status;
  }

  get statistics(): NodeStatistics | null {
    return this.#statistics;
  }

  snapshot(clients: number, now: number): NodeSnapshot {
    return {
      node: this.node,
      state: this.#shown.state,
      reason: this.#shown.reason,
      since: this.#since,
      port: this.port,
      pid: this.pid,
      status: this.#status,
      statistics: this.#statistics,
      clients,
      inPerSecond: this.#in.perSecond(now),
      outPerSecond: this.#out.perSecond(now),
    };
  }

  start(): void {
    if (this.#process !== null) throw this.#wrongState("start");
    this.#isStopping = false;
    this.#ending = null;
    this.#status = null;
    this.#isBehindTime = false;
    const process = new BrokerProcess(this.#runtime, this.#settings(), {
      report: (report) => this.#reported(report),
      exited: (exit) => this.#exited(exit),
      frozen: (isFrozen) => {
        this.#isBehindTime = true;
        this.#refresh();
        this.#hooks.frozen(this.node, isFrozen);
      },
      nonsense: (detail) => this.#hooks.nonsense(this.node, detail),
    });
    this.#process = process;
    this.#refresh();
  }

  send(order: SupervisorOrder): void {
    this.#process?.send(order);
  }

  async ping(timeoutMs: number): Promise<boolean> {
    return (await this.#process?.ping(timeoutMs)) ?? false;
  }

  /** Stops in order; `false` when it had to be killed in the end. Does nothing when no process runs. */
  async stop(pair: boolean): Promise<boolean> {
    const process = this.#process;
    if (process === null) return true;
    this.#isStopping = true;
    // A frozen process cannot stop; it must run to do so.
    if (process.isFrozen) process.signal("SIGCONT");
    return await process.stop(pair);
  }

  async kill(): Promise<void> {
    if (this.#process === null) throw this.#wrongState("kill");
    await this.#process.kill();
  }

  freeze(): void {
    if (this.#process === null || this.#process.isFrozen) throw this.#wrongState("freeze");
    this.#process.signal("SIGSTOP");
  }

  thaw(): void {
    if (this.#process === null || !this.#process.isFrozen) throw this.#wrongState("thaw");
    this.#process.signal("SIGCONT");
  }

  /** Asks the node; rejects with the node's failure, or when it does not answer in time. `gone`: nobody waits any more. */
  async request<Kind extends NodeOperation["kind"]>(
    operation: Extract<NodeOperation, { kind: Kind }>,
    timeoutMs = requestTimeoutMs,
    gone?: AbortSignal,
  ): Promise<NodeReplies[Kind]> {
    const request = ++this.#requestCount;
    const withdraw = (): void => {
      if (this.#pending.has(request)) this.send({ kind: "withdraw", request });
    };
    gone?.addEventListener("abort", withdraw, { once: true });
    return await new Promise<NodeReplies[Kind]>((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(request)?.reject(this.#unanswered(timeoutMs)), timeoutMs);
      this.#pending.set(request, { resolve: (value) => resolve(value as NodeReplies[Kind]), reject, timer });
      this.send({ kind: "request", request, operation });
      if (gone?.aborted === true) withdraw();
    });
  }

  #reported(report: BrokerReport): void {
    switch (report.kind) {
      case "state":
        this.#status = report.status;
        if (!isServing(report.status)) this.#isBehindTime = false;
        break;
      case "statistics":
        this.#count(report.statistics);
        break;
      case "reply": {
        const pending = this.#settle(report.request);
        if (report.failure === undefined) pending?.resolve(report.value);
        else pending?.reject(errorFromFailure(report.failure));
        return;
      }
      case "ending":
        this.#ending = report;
        break;
      default:
        break;
    }
    // The arbiter hears of it first: what depends on it must not wait for a view.
    this.#hooks.report(this.node, report);
    this.#refresh();
  }

  #count(statistics: NodeStatistics): void {
    this.#statistics = statistics;
    const now = performance.now();
    this.#in.sample(statistics.sent, now);
    this.#out.sample(statistics.delivered, now);
  }

  #exited(exit: BrokerExit): void {
    this.#process = null;
    this.#rest = restAfter(exit, this.#ending, this.#isStopping);
    for (const request of [...this.#pending.keys()]) {
      this.#settle(request)?.reject(
        new BrokerError("UNREACHABLE", { detail: `The ${this.node} ended before it answered. Ask again.` }),
      );
    }
    this.#hooks.exited(this.node, exit, this.#isStopping);
    this.#refresh();
  }

  #settle(request: number): Pending | undefined {
    const pending = this.#pending.get(request);
    if (pending !== undefined) clearTimeout(pending.timer);
    this.#pending.delete(request);
    return pending;
  }

  #unanswered(timeoutMs: number): BrokerError {
    return new BrokerError("UNREACHABLE", {
      detail: `The ${this.node} is ${this.state} and did not answer within ${timeoutMs} ms.`,
    });
  }

  #wrongState(action: string): BrokerError {
    return new BrokerError("WRONG_STATE", { action, node: this.node, state: this.state });
  }

  #refresh(): void {
    const now = this.#stateNow();
    if (now.state === this.#shown.state && now.reason === this.#shown.reason) return;
    if (now.state !== this.#shown.state) this.#since = Date.now();
    this.#shown = now;
    this.#hooks.stateChanged(this.node, now.state, now.reason);
  }

  #stateNow(): { state: BrokerState; reason: string | null } {
    if (this.#process === null) return this.#rest;
    if (this.#process.isFrozen)
      return {
        state: "frozen",
        reason: "Its process is stopped (SIGSTOP) and does nothing until it is continued.",
      };
    if (this.#status === null) return { state: "starting", reason: null };
    const { state, reason } = this.#status;
    // It finds out with the first thing it does, and serves nobody until then.
    if (this.#isBehindTime && isServing(this.#status) && this.#hooks.isSuperseded(this.node))
      return { state: "fenced", reason: "The other broker was granted to serve in its stead." };
    if (state === "shut down" && this.#isStopping) return { state: "stopped", reason: null };
    return { state: state === "waiting" ? "starting" : state, reason };
  }
}

function isServing({ state }: NodeStatus): boolean {
  return state === "active" || state === "blocked";
}

/** How a node is shown once its process is gone. */
function restAfter(
  exit: BrokerExit,
  ending: { reason: EndReason; text: string } | null,
  isOrdered: boolean,
): { state: BrokerState; reason: string | null } {
  if (isOrdered && exit.signal === null) return { state: "stopped", reason: null };
  if (exit.signal !== null) return { state: "killed", reason: `Its process was ended by ${exit.signal}.` };
  if (exit.code === exitCodes.stopped) return { state: "stopped", reason: ending?.text ?? null };
  const byItself =
    exit.code === exitCodes["primary-failed"] ||
    exit.code === exitCodes["replica-failed"] ||
    exit.code === exitCodes.refused;
  if (byItself) return { state: "shut down", reason: ending?.text ?? null };
  const words = ending?.text ?? tellingLine(exit.stderr) ?? "it said nothing";
  return { state: "stopped", reason: `Its process failed with exit code ${String(exit.code)}: ${words}` };
}

/** The line of a crash that names the error: neither the stack below it nor the version that Node prints last. */
function tellingLine(lines: readonly string[]): string | null {
  return (
    lines.findLast((line) => /^(\w*(Error|Failure|Exception)\b|FATAL)/.test(line)) ?? lines.at(-1) ?? null
  );
}
