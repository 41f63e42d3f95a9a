import { randomUUID } from "node:crypto";
import { limits } from "../base/limits.ts";
import { emptyBody, headerOf } from "../wire/stomp/frames.ts";
import type { StompFrame, StompHeader } from "../wire/stomp/frames.ts";
import { BlackoutMeter } from "./blackout.ts";
import { clientDefaults } from "./client-options.ts";
import type { ClientEvent, StompClientOptions } from "./client-options.ts";
import { errorText } from "./connection.ts";
import type { ConnectionEnd, StompConnection } from "./connection.ts";
import { ClientError } from "./errors.ts";
import { FailoverTransport } from "./failover.ts";
import type { ClientMessage, ClientSubscription, Delivery, MessageIdentity } from "./message.ts";
import { markedResent, sendHeaders } from "./message.ts";
import { PendingRequests } from "./pending.ts";
import type { PendingRequest } from "./pending.ts";
import { acknowledgement, Subscriptions, subscribeFrame } from "./subscriptions.ts";
import type { ActiveSubscription } from "./subscriptions.ts";
import { Transaction } from "./transaction.ts";
import type { TransactionPort } from "./transaction.ts";

interface Waiter {
  readonly since: number;
  done(): void;
  fail(error: ClientError): void;
}

/**
 * A STOMP client that outlives its broker. Like a diner who keeps the order slip until the dish is on the table, it
 * keeps every request until its receipt has come; when the connection breaks it goes to the next address, subscribes
 * again and repeats what was not answered, in the order it was asked and marked as a repetition.
 */
export class StompClient {
  readonly #options: StompClientOptions;
  readonly #now: () => number;
  readonly #transport: FailoverTransport;
  readonly #pending: PendingRequests;
  readonly #subscriptions = new Subscriptions();
  readonly #blackout = new BlackoutMeter();
  readonly #name = randomUUID();
  #waiters: Waiter[] = [];
  #openTransactions = new Set<string>();
  #timeout: NodeJS.Timeout | null = null;
  #closed: ClientError | null = null;
  #generation = 0;
  #awaitsFirstConfirmed = false;
  #receiptCount = 0;
  #sequence = 0;
  #transactionCount = 0;

  /** Starts connecting at once; requests may be made meanwhile. */
  constructor(options: StompClientOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#pending = new PendingRequests({
      countMax: options.pendingCountMax ?? clientDefaults.pendingCountMax,
      bytesMax: options.pendingBytesMax ?? clientDefaults.pendingBytesMax,
    });
    this.#transport = new FailoverTransport(
      options.uri,
      {
        login: options.login ?? null,
        passcode: options.passcode ?? null,
        clientId: options.clientId ?? null,
        heartbeatMs: options.heartbeatMs ?? clientDefaults.heartbeatMs,
        connectTimeoutMs: options.connectTimeoutMs ?? clientDefaults.connectTimeoutMs,
        now: this.#now,
        random: options.random ?? Math.random,
      },
      {
        attempted: (address, error) => this.#tell({ kind: "attempt", at: this.#now(), address, error }),
        connected: (connection) => this.#connected(connection),
        frame: (frame) => this.#take(frame),
        lost: (connection, end) => this.#lost(connection, end),
        gaveUp: (passes) => this.#gaveUp(new ClientError("GIVEN_UP", { passes })),
      },
    );
    this.#transport.start();
  }

  /** Key of the address it is connected to, or `null`. */
  get address(): string | null {
    return this.#transport.connection?.address.key ?? null;
  }

  /** Requests that await their receipt. */
  get pendingCount(): number {
    return this.#pending.count;
  }

  /** Whether a message with such a body may be sent now without exceeding what the client holds. */
  hasRoom(bodyBytes: number): boolean {
    return this.#pending.hasRoom(bodyBytes + clientDefaults.frameOverheadBytes);
  }

  /** Resolves as soon as there is a connection. */
  async connected(): Promise<void> {
    if (this.#closed !== null) throw this.#closed;
    if (this.#transport.connection !== null) return;
    await new Promise<void>((done, fail) => {
      this.#waiters.push({ since: this.#now(), done, fail });
      this.#scheduleTimeout();
    });
  }

  /** Sends a message; resolves when the broker has confirmed it, on whichever connection that happens. */
  async send(message: ClientMessage): Promise<void> {
    const receipt = this.#nextReceipt();
    const headers = sendHeaders(message, this.#identify(message), [["receipt", receipt]]);
    await this.#request({ command: "SEND", headers, body: message.body }, receipt, null);
  }

  /** Receives messages until unsubscribed, over all connections; resolves with the subscription's id when confirmed. */
  async subscribe(request: ClientSubscription, take: (delivery: Delivery) => void): Promise<string> {
    if (this.#closed !== null) throw this.#closed;
    return await new Promise<string>((resolve, reject) => {
      const subscription = this.#subscriptions.add(request, take, resolve, reject);
      if (this.#transport.connection !== null) this.#subscribe(this.#transport.connection, subscription);
    });
  }

  /** Ends a subscription; messages handed out and not acknowledged go back to their queue. */
  async unsubscribe(id: string): Promise<void> {
    if (!this.#subscriptions.remove(id) || this.#transport.connection === null) return;
    const receipt = this.#nextReceipt();
    const headers: StompHeader[] = [
      ["id", id],
      ["receipt", receipt],
    ];
    await this.#request({ command: "UNSUBSCRIBE", headers, body: emptyBody }, receipt, (resolve) =>
      resolve(),
    );
  }

  /** Acknowledges; `false` when the delivery's connection is gone: the message will come again. */
  acknowledge(delivery: Delivery): boolean {
    return this.#settle("ACK", delivery, null);
  }

  /** Rejects a delivery; what happens to the message is the broker's choice (ActiveMQ: the dead letter queue). */
  reject(delivery: Delivery): boolean {
    return this.#settle("NACK", delivery, null);
  }

  /** Begins a transaction on the current connection, waiting for one if need be. */
  async begin(): Promise<Transaction> {
    await this.connected();
    const connection = this.#transport.connection;
    if (this.#closed !== null || connection === null) throw this.#closed ?? new ClientError("CLOSED");
    if (this.#openTransactions.size >= limits.transactionsPerConnectionMax) {
      throw new ClientError("LIMIT_REACHED", {
        limit: limits.transactionsPerConnectionMax,
        what: "transactions",
      });
    }
    this.#transactionCount += 1;
    const id = `t${this.#transactionCount}`;
    this.#openTransactions.add(id);
    return new Transaction(id, this.#transactionPort(connection, this.#generation));
  }

  /** Says goodbye and ends; everything unanswered fails with `CLOSED`. */
  async close(): Promise<void> {
    if (this.#closed !== null) return;
    if (this.#transport.connection !== null && this.#pending.count === 0) await this.#disconnect();
    this.#shut(new ClientError("CLOSED"));
  }

  async #disconnect(): Promise<void> {
    const receipt = this.#nextReceipt();
    const frame: StompFrame = { command: "DISCONNECT", headers: [["receipt", receipt]], body: emptyBody };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, clientDefaults.disconnectTimeoutMs);
    });
    await Promise.race([this.#request(frame, receipt, (resolve) => resolve()).catch(() => undefined), late]);
    clearTimeout(timer);
  }

  #shut(error: ClientError): void {
    if (this.#closed !== null) return;
    this.#closed = error;
    if (this.#timeout !== null) clearTimeout(this.#timeout);
    this.#transport.close();
    this.#pending.failAll(error);
    this.#subscriptions.failAll(error);
    for (const waiter of this.#waiters.splice(0)) waiter.fail(error);
  }

  #gaveUp(error: ClientError): void {
    this.#shut(error);
    this.#tell({ kind: "gave-up", at: this.#now(), error });
  }

  #connected(connection: StompConnection): void {
    this.#generation += 1;
    this.#awaitsFirstConfirmed = true;
    if (this.#timeout !== null) clearTimeout(this.#timeout);
    this.#timeout = null;
    this.#tell({ kind: "connected", at: this.#now(), address: connection.address.key });
    const unanswered = this.#pending.all();
    for (const subscription of this.#subscriptions.all()) this.#subscribe(connection, subscription);
    for (const request of unanswered) {
      if (request.isWritten) request.frame = markedResent(request.frame);
      this.#write(connection, request);
    }
    for (const waiter of this.#waiters.splice(0)) waiter.done();
  }

  #lost(connection: StompConnection, end: ConnectionEnd): void {
    const now = this.#now();
    const { heardAt } = connection;
    this.#blackout.lost({ at: now, heardAt, bySilence: end.bySilence, unansweredCount: this.#pending.count });
    this.#openTransactions = new Set();
    this.#tell({ kind: "lost", at: now, address: connection.address.key, reason: end.reason });
    this.#pending.connectionLost(now);
    this.#scheduleTimeout();
  }

  #take(frame: StompFrame): void {
    if (frame.command === "MESSAGE") this.#deliver(frame);
    else if (frame.command === "RECEIPT") this.#confirm(headerOf(frame, "receipt-id") ?? "");
    else if (frame.command === "ERROR") this.#refused(frame);
    else this.#transport.connection?.end(`the broker sent ${frame.command}, which only clients send`);
  }

  #deliver(frame: StompFrame): void {
    const subscription = this.#subscriptions.of(frame);
    if (subscription === null) return; // Unsubscribed meanwhile: the broker takes it back.
    this.#noteConfirmed();
    subscription.take(this.#subscriptions.delivery(subscription, frame, this.#generation));
  }

  #confirm(receipt: string): void {
    const request = this.#pending.take(receipt);
    if (request === null) return;
    this.#noteConfirmed();
    request.done();
  }

  #noteConfirmed(): void {
    const at = this.#now();
    const blackoutMs = this.#blackout.confirmed(at);
    const address = this.address;
    if (!this.#awaitsFirstConfirmed || address === null) return;
    this.#awaitsFirstConfirmed = false;
    this.#tell({ kind: "first-confirmed", at, address, blackoutMs });
  }

  /** [STOMP 1.2 ERROR] The broker closes after an ERROR; the request it names is not repeated on the next connection. */
  #refused(frame: StompFrame): void {
    const detail = errorText(frame);
    const named = this.#pending.take(headerOf(frame, "receipt-id") ?? "");
    const guilty = named ?? this.#blameOldest();
    guilty?.fail(new ClientError("REFUSED", { command: guilty.frame.command, detail }));
    this.#transport.connection?.end(`the broker reported: ${detail}`);
  }

  #blameOldest(): PendingRequest | null {
    const oldest = this.#pending.oldest();
    if (oldest === null) return null;
    oldest.blame.count += 1;
    return oldest.blame.count < clientDefaults.blameCountMax ? null : this.#pending.take(oldest.receipt);
  }

  #subscribe(connection: StompConnection, subscription: ActiveSubscription): void {
    const receipt = this.#nextReceipt();
    const request: PendingRequest = {
      receipt,
      frame: subscribeFrame(subscription, receipt),
      bytes: clientDefaults.frameOverheadBytes,
      waitingSince: this.#now(),
      isWritten: false,
      blame: subscription.blame,
      done: () => subscription.confirmed(),
      fail: (error) => {
        this.#subscriptions.remove(subscription.id);
        subscription.failed(error);
      },
      // It is made anew with the next connection.
      lost: () => undefined,
    };
    this.#pending.add(request);
    this.#write(connection, request);
  }

  async #request(
    frame: StompFrame,
    receipt: string,
    lost: ((resolve: () => void, reject: (error: ClientError) => void) => void) | null,
  ): Promise<void> {
    if (this.#closed !== null) throw this.#closed;
    await new Promise<void>((resolve, reject) => {
      const request: PendingRequest = {
        receipt,
        frame,
        bytes: frame.body.length + clientDefaults.frameOverheadBytes,
        waitingSince: this.#now(),
        isWritten: false,
        blame: { count: 0 },
        done: resolve,
        fail: reject,
        lost: lost === null ? null : () => lost(resolve, reject),
      };
      this.#pending.add(request);
      if (this.#transport.connection === null) this.#scheduleTimeout();
      else this.#write(this.#transport.connection, request);
    });
  }

  #write(connection: StompConnection, request: PendingRequest): void {
    request.isWritten = true;
    connection.write(request.frame);
  }

  #settle(command: "ACK" | "NACK", delivery: Delivery, transaction: string | null): boolean {
    const connection = this.#transport.connection;
    if (connection === null || delivery.generation !== this.#generation || delivery.ackId === null)
      return false;
    connection.write(acknowledgement({ command, delivery, transaction, version: connection.version }));
    return true;
  }

  #transactionPort(connection: StompConnection, generation: number): TransactionPort {
    return {
      address: connection.address.key,
      generation,
      isAlive: () => this.#closed === null && this.#transport.connection === connection,
      write: (frame) => connection.write(frame),
      drained: () => new Promise((resolve) => connection.drained(resolve)),
      identify: (message) => this.#identify(message),
      acknowledge: (delivery, transaction) => this.#settle("ACK", delivery, transaction),
      request: async (frame, lost) => {
        const receipt = this.#nextReceipt();
        await this.#request({ ...frame, headers: [...frame.headers, ["receipt", receipt]] }, receipt, lost);
      },
      ended: (id) => this.#openTransactions.delete(id),
    };
  }

  #identify(message: ClientMessage): MessageIdentity {
    if (message.identity !== undefined) return message.identity;
    this.#sequence += 1;
    return { producer: this.#name, sequence: this.#sequence };
  }

  #nextReceipt(): string {
    this.#receiptCount += 1;
    return `r${this.#receiptCount}`;
  }

  /** One timer for all: those who wait longest are first in both lists. */
  #scheduleTimeout(): void {
    const { timeoutMs } = this.#options.uri.options;
    if (
      timeoutMs < 0 ||
      this.#timeout !== null ||
      this.#closed !== null ||
      this.#transport.connection !== null
    )
      return;
    const since = Math.min(
      this.#pending.oldest()?.waitingSince ?? Infinity,
      this.#waiters[0]?.since ?? Infinity,
    );
    if (since === Infinity) return;
    this.#timeout = setTimeout(() => this.#timedOut(timeoutMs), Math.max(0, since + timeoutMs - this.#now()));
  }

  #timedOut(timeoutMs: number): void {
    this.#timeout = null;
    const error = new ClientError("TIMED_OUT", { waitedMs: timeoutMs });
    // Timers may fire a little early.
    const before = this.#now() - timeoutMs + 1;
    for (const request of this.#pending.all()) {
      if (request.waitingSince <= before) this.#pending.take(request.receipt)?.fail(error);
    }
    const late = this.#waiters.filter((waiter) => waiter.since <= before);
    this.#waiters = this.#waiters.filter((waiter) => waiter.since > before);
    for (const waiter of late) waiter.fail(error);
    this.#scheduleTimeout();
  }

  #tell(event: ClientEvent): void {
    this.#options.onEvent?.(event);
  }
}
