import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { BrokerError } from "../base/errors.ts";
import { parseFailoverUri } from "../client/failover-uri.ts";
import type { BuiltInClient } from "../control/views.ts";
import { hostLimits } from "./channel.ts";
import type { ActorOrder, HostOrder, HostReport } from "./channel.ts";
import { readDestination } from "./destinations.ts";
import type { StoredCount } from "./ledger.ts";

/** How the process is started; `brokerRuntime()` of the supervisor is one. */
export interface HostRuntime {
  readonly execPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  entry(name: "client-host"): string;
}

export interface RemoteClientsOptions {
  readonly runtime: HostRuntime;
  onReport(report: HostReport): void;
  onNotice(notice: { readonly severity: "info" | "warning" | "error"; readonly text: string }): void;
}

type OutstandingReport = Extract<HostReport, { kind: "outstanding" }>;

const stopLimitMs = 3_000;
const respawnDelayMs = { first: 100, most: 5_000 } as const;
/** A process that lived at least this long is started again without a longer pause. */
const soundLifeMs = 10_000;
const stderrTailCharacters = 2_000;

/**
 * The supervisor's side of the built-in clients. The process starts with the first client; when it dies it is started
 * again with the same clients, and a notice says so. Its ledger begins anew then, since the old one died with it.
 */
export class RemoteClients {
  readonly #options: RemoteClientsOptions;
  readonly #orders = new Map<string, ActorOrder>();
  readonly #requests = new Map<number, (report: OutstandingReport) => void>();
  readonly #counts = { producer: 0, consumer: 0 };
  #child: ChildProcess | null = null;
  #startedAt = 0;
  #lastWords = "";
  #deathCount = 0;
  #respawn: NodeJS.Timeout | null = null;
  #isStopped = false;
  #requestCount = 0;
  #markCount = 0;

  constructor(options: RemoteClientsOptions) {
    this.#options = options;
  }

  /** Adds a producer or consumer and returns its id, which is also the client id on its connections. */
  add(settings: BuiltInClient, failoverUri: string, login: ActorOrder["login"] = null): string {
    parseFailoverUri(failoverUri);
    readDestination(settings.destination);
    if (this.#isStopped)
      throw new BrokerError("UNREACHABLE", { detail: "The built-in clients have been stopped." });
    if (this.#orders.size >= hostLimits.actorsMax) {
      throw new BrokerError("LIMIT_REACHED", { limit: hostLimits.actorsMax, what: "built-in clients" });
    }
    this.#counts[settings.role] += 1;
    const id = `${settings.role}-${this.#counts[settings.role]}`;
    const order: ActorOrder = { id, settings, failoverUri, login, paused: false };
    this.#orders.set(id, order);
    if (this.#child === null && this.#respawn === null) this.#start();
    else this.#send({ kind: "add", ...order });
    return id;
  }

  /** Pauses, resumes or re-rates a client, and returns how it is set from now on. */
  update(
    id: string,
    change: { readonly paused?: boolean | undefined; readonly ratePerSecond?: number | undefined },
  ): ActorOrder {
    const order = this.#known(id);
    const { paused = order.paused, ratePerSecond = order.settings.ratePerSecond } = change;
    const updated = { ...order, paused, settings: { ...order.settings, ratePerSecond } };
    this.#orders.set(id, updated);
    this.#send({ kind: "update", id, paused, ratePerSecond });
    return updated;
  }

  remove(id: string): void {
    this.#known(id);
    this.#orders.delete(id);
    this.#send({ kind: "remove", id });
  }

  /** The process, or `null` while there is none. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** All clients and their settings, in the order they were added. */
  list(): readonly ActorOrder[] {
    return [...this.#orders.values()];
  }

  /** Remembers what is confirmed now; ask the active broker for its depths after this, then call {@link stored}. */
  mark(): number {
    this.#markCount += 1;
    this.#send({ kind: "mark", mark: this.#markCount });
    return this.#markCount;
  }

  /** Tells what the active broker stores, so that the ledger can tell "not yet" from "lost". */
  stored(mark: number, destinations: readonly StoredCount[]): void {
    this.#send({ kind: "stored", mark, destinations });
  }

  /** Messages of this queue were deleted on purpose. */
  forgive(destination: string): void {
    this.#send({ kind: "forgive", destination });
  }

  resetLedger(): void {
    this.#send({ kind: "reset-ledger" });
  }

  /** Messages confirmed and not received; `null` when there is no process to ask. */
  async outstanding(limit: number): Promise<OutstandingReport | null> {
    if (this.#child?.connected !== true) return null;
    this.#requestCount += 1;
    const request = this.#requestCount;
    const child = this.#child;
    const answered = new Promise<OutstandingReport>((resolve) => this.#requests.set(request, resolve));
    this.#send({ kind: "list-outstanding", request, limit });
    const answer = await Promise.race([answered, once(child, "exit").then(() => null)]);
    this.#requests.delete(request);
    return answer;
  }

  /** Ends all clients in order, then the process. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#respawn !== null) clearTimeout(this.#respawn);
    const child = this.#child;
    if (child === null) return;
    const ended = once(child, "exit");
    this.#send({ kind: "stop" });
    const killer = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
    await ended;
    clearTimeout(killer);
  }

  #start(): void {
    const { runtime } = this.#options;
    this.#respawn = null;
    this.#lastWords = "";
    this.#startedAt = performance.now();
    const child = fork(runtime.entry("client-host"), [], {
      execPath: runtime.execPath,
      env: runtime.env,
      execArgv: [],
      // Standard output belongs to the supervisor: `up --json` prints its events there.
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child = child;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-stderrTailCharacters);
    });
    child.on("message", (report: HostReport) => this.#take(report));
    child.on("error", (error) => {
      this.#lastWords = error.message;
      // A process that could not be started has no exit either.
      if (child.pid === undefined) this.#ended(child, "could not be started");
    });
    child.on("exit", (code, signal) =>
      this.#ended(child, signal === null ? `ended with code ${code ?? 0}` : `was ended by ${signal}`),
    );
    for (const order of this.#orders.values()) this.#send({ kind: "add", ...order });
  }

  #take(report: HostReport): void {
    if (report.kind === "outstanding") this.#requests.get(report.request)?.(report);
    else if (report.kind === "failure") this.#lastWords = report.text;
    else this.#options.onReport(report);
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    if (this.#isStopped) return;
    this.#deathCount = performance.now() - this.#startedAt >= soundLifeMs ? 0 : this.#deathCount + 1;
    const delayMs = Math.min(
      respawnDelayMs.first * 2 ** Math.max(0, this.#deathCount - 1),
      respawnDelayMs.most,
    );
    const why = this.#lastWords.trim() === "" ? "" : ` Its last words: ${this.#lastWords.trim()}`;
    const count = this.#orders.size;
    this.#options.onNotice({
      severity: "warning",
      text: `The process of the built-in clients ${how}. Its ${count === 1 ? "one client is" : `${count} clients are`} started again, and the ledger begins anew.${why}`,
    });
    this.#respawn = setTimeout(() => this.#start(), delayMs);
  }

  #send(order: HostOrder): void {
    if (this.#child?.connected !== true) return;
    this.#child.send(order, () => undefined);
  }

  #known(id: string): ActorOrder {
    const order = this.#orders.get(id);
    if (order === undefined) throw new BrokerError("NOT_FOUND", { what: `The built-in client ${id}` });
    return order;
  }
}
