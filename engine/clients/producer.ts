import type { BuiltInClient } from "../control/views.ts";
import { ClientError } from "../client/errors.ts";
import type { ClientMessage } from "../client/message.ts";
import type { StompClient } from "../client/stomp-client.ts";
import type { ClientDestination } from "./destinations.ts";
import { Pacer } from "./pacing.ts";

/** What an actor needs of the host around it. */
export interface ProducerPort {
  readonly client: StompClient;
  /** Name of its messages' series, never used before by anyone. */
  readonly series: string;
  readonly destination: ClientDestination;
  readonly now: () => number;
  confirmed(sequence: number): void;
  failed(error: Error): void;
}

/** How long it rests after a refusal, so that a broker that refuses everything is not flooded. */
const refusalRestMs = 500;

/**
 * Sends numbered messages at a steady rate, with at most `window` of them unconfirmed. A number is used for one message
 * only and is repeated until it is confirmed, so the numbers that a broker confirmed have no gaps.
 */
export class Producer {
  readonly #settings: BuiltInClient;
  readonly #port: ProducerPort;
  readonly #body: Uint8Array;
  readonly #pacer: Pacer;
  /** Numbers that must be sent again, ahead of new ones. */
  readonly #repeats: number[] = [];
  #next = 1;
  #unconfirmed = 0;
  #confirmedCount = 0;
  #state: "running" | "paused" | "stopped";
  #timer: NodeJS.Timeout | null = null;
  #restsUntil = 0;
  #isTransacting = false;

  constructor(settings: BuiltInClient, port: ProducerPort, isPaused: boolean) {
    this.#settings = settings;
    this.#port = port;
    this.#body = bodyOf(settings.bodyBytes, port.series);
    this.#pacer = new Pacer(settings.ratePerSecond, port.now());
    this.#state = isPaused ? "paused" : "running";
    this.#pump();
  }

  get confirmedCount(): number {
    return this.#confirmedCount;
  }

  get inFlight(): number {
    return this.#unconfirmed;
  }

  pause(isPaused: boolean): void {
    if (this.#state === "stopped") return;
    this.#state = isPaused ? "paused" : "running";
    this.#pump();
  }

  changeRate(ratePerSecond: number): void {
    this.#pacer.change(ratePerSecond, this.#port.now());
    this.#pump();
  }

  stop(): void {
    this.#state = "stopped";
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** Sends what is due and fits the window, then waits for time or for a confirmation, whichever is missing. */
  #pump(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#state !== "running") return;
    const now = this.#port.now();
    if (now < this.#restsUntil) this.#wakeAt(this.#restsUntil, now);
    else if (this.#settings.transactionSize > 0) this.#pumpTransaction(now);
    else this.#pumpSingles(now);
  }

  #pumpSingles(now: number): void {
    const due = this.#pacer.due(now);
    let sent = 0;
    while (
      sent < due &&
      this.#unconfirmed < this.#settings.window &&
      this.#port.client.hasRoom(this.#body.length)
    ) {
      void this.#send(this.#repeats.shift() ?? null);
      sent += 1;
    }
    this.#pacer.spend(sent);
    if (sent === due) this.#wakeAt(this.#pacer.dueAt, now);
  }

  async #send(repeat: number | null): Promise<void> {
    const sequence = repeat ?? this.#takeNumber();
    this.#unconfirmed += 1;
    try {
      await this.#port.client.send(this.#message(sequence, repeat !== null));
      this.#confirm(sequence);
    } catch (error) {
      this.#repeatLater(sequence);
      this.#rest(error);
    } finally {
      this.#unconfirmed -= 1;
    }
    this.#pump();
  }

  /** A transaction begins when its first message is due and takes the others as they come due. */
  #pumpTransaction(now: number): void {
    if (this.#isTransacting) return;
    if (this.#pacer.due(now) === 0) {
      this.#wakeAt(this.#pacer.dueAt, now);
      return;
    }
    this.#isTransacting = true;
    void this.#transact().finally(() => {
      this.#isTransacting = false;
      this.#unconfirmed = 0;
      this.#pump();
    });
  }

  async #transact(): Promise<void> {
    const sequences: number[] = [];
    const repeated = new Set(this.#repeats);
    try {
      const transaction = await this.#port.client.begin();
      while (sequences.length < this.#settings.transactionSize && (await this.#untilDue())) {
        const sequence = this.#repeats.shift() ?? this.#takeNumber();
        sequences.push(sequence);
        this.#unconfirmed = sequences.length;
        this.#pacer.spend(1);
        await transaction.send(this.#message(sequence, repeated.has(sequence)));
      }
      await transaction.commit();
      for (const sequence of sequences) this.#confirm(sequence);
    } catch (error) {
      for (const sequence of sequences) this.#repeatLater(sequence);
      this.#rest(error);
    }
  }

  /** Resolves when the next message is due; `false` when there shall be no next one. */
  async #untilDue(): Promise<boolean> {
    while (this.#state === "running") {
      const now = this.#port.now();
      if (this.#pacer.due(now) > 0) return true;
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, this.#pacer.dueAt - now)));
    }
    return false;
  }

  #takeNumber(): number {
    this.#next += 1;
    return this.#next - 1;
  }

  #repeatLater(sequence: number): void {
    const index = this.#repeats.findIndex((other) => other > sequence);
    this.#repeats.splice(index < 0 ? this.#repeats.length : index, 0, sequence);
  }

  #confirm(sequence: number): void {
    this.#confirmedCount += 1;
    this.#port.confirmed(sequence);
  }

  #rest(error: unknown): void {
    if (this.#state === "stopped") return;
    if (!(error instanceof ClientError)) throw error;
    // A transaction that went down with its broker is what failovers are about, and is simply repeated.
    if (error.code === "TRANSACTION_LOST" || error.code === "COMMIT_UNKNOWN") return;
    this.#restsUntil = this.#port.now() + refusalRestMs;
    this.#port.failed(error);
    if (error.code === "CLOSED" || error.code === "GIVEN_UP") this.stop();
  }

  #message(sequence: number, isRepeat: boolean): ClientMessage {
    return {
      destination: this.#port.destination.stomp,
      body: this.#body,
      headers: [["persistent", String(this.#settings.persistent)]],
      identity: { producer: this.#port.series, sequence },
      isRepeat,
    };
  }

  #wakeAt(at: number, now: number): void {
    if (this.#state !== "running") return;
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, at - now));
  }
}

/** Readable, the same in every run but for the series' name, and shared by all its messages. */
function bodyOf(bytes: number, series: string): Uint8Array {
  const line = `Message of ${series}. `;
  return Buffer.from(line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes), "latin1");
}
