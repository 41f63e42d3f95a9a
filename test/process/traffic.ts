import { patienceMs } from "./program.ts";

/** One sending of a message: its number stays, its attempt grows when no confirmation came before the connection broke. */
export interface Sending {
  readonly producer: string;
  readonly number: number;
  readonly attempt: number;
}

interface Arrival extends Sending {
  /** The broker's own name for it: two arrivals under one name are one message delivered twice. */
  readonly messageId: string;
  readonly redelivered: boolean;
}

export interface TrafficFigures {
  confirmed: number;
  lost: number;
  /** Arrivals of a message that had arrived before, with and without the redelivered flag. */
  flagged: number;
  unflagged: number;
  /** Messages that their producer sent a second time, as no receipt had come, and that both arrived. */
  sentAgain: number;
}

/** What was confirmed and what arrived, written down as it happens. */
export class Traffic {
  readonly #confirmed = new Map<string, Set<number>>();
  readonly #arrivals: Arrival[] = [];
  readonly #arrived = new Set<string>();
  readonly #confirmedAt: number[] = [];
  readonly #groups: Sending[][] = [];
  #missing = 0;
  #onArrival: (() => void) | null = null;

  /** `sendings` were confirmed together: by one receipt, or by that of the transaction they were sent in. */
  confirmed(sendings: readonly Sending[]): void {
    this.#confirmedAt.push(performance.now());
    if (sendings.length > 1) this.#groups.push([...sendings]);
    for (const { producer, number } of sendings) {
      const numbers = this.#confirmed.get(producer) ?? new Set();
      numbers.add(number);
      this.#confirmed.set(producer, numbers);
      if (!this.#arrived.has(nameOf({ producer, number }))) this.#missing += 1;
    }
  }

  arrived(arrival: Arrival): void {
    this.#arrivals.push(arrival);
    const name = nameOf(arrival);
    if (!this.#arrived.has(name)) {
      this.#arrived.add(name);
      if (this.#confirmed.get(arrival.producer)?.has(arrival.number) === true) this.#missing -= 1;
    }
    this.#onArrival?.();
  }

  get confirmedCount(): number {
    return this.#confirmedAt.length;
  }

  get arrivedCount(): number {
    return this.#arrived.size;
  }

  /** Resolves when all that was confirmed has arrived; when it does not, {@link problems} says what is missing. */
  async allArrived(): Promise<void> {
    if (this.#missing === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, patienceMs);
      this.#onArrival = () => {
        if (this.#missing > 0) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Resolves at the next arrival of a message that nobody had before. */
  async progress(): Promise<void> {
    const before = this.#arrived.size;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("nothing arrived any more")), patienceMs);
      this.#onArrival = () => {
        if (this.#arrived.size === before) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Longest time between two confirmations: the blackout, where there was a failover. */
  longestGapMs(): number {
    let longest = 0;
    for (const [index, at] of this.#confirmedAt.entries())
      if (index > 0) longest = Math.max(longest, at - (this.#confirmedAt[index - 1] ?? at));
    return longest;
  }

  /** Longest time between two confirmations about a moment; those on their way at that moment still come. */
  gapAroundMs(moment: number): number {
    const next = Math.max(
      1,
      this.#confirmedAt.findIndex((at) => at > moment),
    );
    const around = this.#confirmedAt.slice(next - 1, next + 3);
    return Math.max(...around.map((at, index) => at - (around[index - 1] ?? at)));
  }

  /** What became of the messages, in numbers. */
  figures(): TrafficFigures {
    const figures = { confirmed: 0, lost: 0, flagged: 0, unflagged: 0, sentAgain: 0 };
    for (const [producer, numbers] of this.#confirmed) {
      figures.confirmed += numbers.size;
      for (const number of numbers) if (!this.#arrived.has(nameOf({ producer, number }))) figures.lost += 1;
    }
    const ids = new Set<string>();
    const names = new Set<string>();
    for (const arrival of this.#arrivals) {
      if (ids.has(arrival.messageId)) figures[arrival.redelivered ? "flagged" : "unflagged"] += 1;
      else if (names.has(nameOf(arrival))) figures.sentAgain += 1;
      ids.add(arrival.messageId);
      names.add(nameOf(arrival));
    }
    return figures;
  }

  /** Every promise that was broken, a sentence each. */
  problems(): string[] {
    return [...this.#lost(), ...this.#outOfOrder(), ...this.#unflaggedRepeats(), ...this.#tornGroups()];
  }

  #lost(): string[] {
    return [...this.#confirmed].flatMap(([producer, numbers]) => {
      const missing = [...numbers].filter((number) => !this.#arrived.has(nameOf({ producer, number })));
      if (missing.length === 0) return [];
      return [
        `${missing.length} confirmed messages of ${producer} never arrived: ${missing.slice(0, 10).join(", ")}`,
      ];
    });
  }

  #outOfOrder(): string[] {
    const problems: string[] = [];
    const seen = new Set<string>();
    const last = new Map<string, number>();
    for (const arrival of this.#arrivals) {
      const { producer, number } = arrival;
      if (seen.has(nameOf(arrival))) continue;
      seen.add(nameOf(arrival));
      const before = last.get(producer) ?? -1;
      if (number < before) problems.push(`${producer}'s ${number} arrived after its ${before}`);
      last.set(producer, number);
    }
    return problems;
  }

  /** The broker's repetitions must be flagged. A message sent again by its producer is another message to the broker. */
  #unflaggedRepeats(): string[] {
    const problems: string[] = [];
    const byId = new Map<string, Arrival>();
    const attempts = new Map<string, number>();
    for (const arrival of this.#arrivals) {
      const name = nameOf(arrival);
      if (byId.has(arrival.messageId) && !arrival.redelivered)
        problems.push(`${name} (${arrival.messageId}) arrived again without the redelivered flag`);
      const isNew = !byId.has(arrival.messageId);
      if (isNew && attempts.get(name) === arrival.attempt)
        problems.push(`${name} was sent once, but is two messages now (${arrival.messageId})`);
      byId.set(arrival.messageId, arrival);
      attempts.set(name, arrival.attempt);
    }
    return problems;
  }

  /** All of a transaction arrives, or nothing of it. */
  #tornGroups(): string[] {
    return this.#groups.flatMap((group) => {
      const missing = group.filter((sending) => !this.#arrived.has(nameOf(sending)));
      if (missing.length === 0 || missing.length === group.length) return [];
      return [`of the ${group.length} messages of a transaction, ${missing.length} are missing`];
    });
  }
}

function nameOf({ producer, number }: { producer: string; number: number }): string {
  return `${producer} ${number}`;
}

/** The middle one; of an even count the higher of the two. */
export function medianOf(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}

const headersOf = ({ producer, number, attempt }: Sending): Record<string, string> => ({
  "x-producer": producer,
  "x-number": String(number),
  "x-attempt": String(attempt),
});

/** A message's headers in these tests: it says who sent it, and which one it is. */
export function labelled(destination: string, sending: Sending): Record<string, string> {
  return { destination, persistent: "true", ...headersOf(sending) };
}

/** Reads {@link labelled} back. */
export function arrivalOf(headers: Readonly<Record<string, string | undefined>>): Arrival {
  return {
    producer: headers["x-producer"] ?? "",
    number: Number(headers["x-number"]),
    attempt: Number(headers["x-attempt"]),
    messageId: headers["message-id"] ?? "",
    redelivered: headers["redelivered"] === "true",
  };
}
