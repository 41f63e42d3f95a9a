import { covers } from "../../engine/clients/destinations.ts";
import type {
  LedgerSnapshot,
  OutstandingMessage,
  Received,
  StoredCount,
} from "../../engine/clients/ledger.ts";

interface Entry {
  readonly destination: string;
  readonly producer: string;
  readonly sequence: number;
  confirmed: boolean;
  removed: boolean;
  readonly arrivals: Received[];
}

/** The ledger as one would first write it: a list of everything that ever happened, searched each time. */
export class LedgerTwin {
  #entries: Entry[] = [];
  readonly #destinations = new Map<string, string>();
  readonly #watchers: { pattern: string; isAutomatic: boolean }[] = [];
  readonly #arrivals: Received[] = [];
  #ignored = new Map<string, number>();
  #outOfOrder = 0;
  #toTopics = 0;
  #judgement: { mark: Set<Entry>; stored: readonly StoredCount[]; missing: Map<string, number> } | null =
    null;

  open(producer: string, destination: string): void {
    this.#destinations.set(producer, destination);
  }

  watch(pattern: string, isAutomatic: boolean): void {
    this.#watchers.push({ pattern, isAutomatic });
  }

  confirm(producer: string, sequence: number): void {
    if (this.#destinations.get(producer)!.startsWith("topic://")) this.#toTopics += 1;
    else if (sequence > (this.#ignored.get(producer) ?? 0)) this.#entry(producer, sequence).confirmed = true;
  }

  receive(what: Received): void {
    const destination = this.#destinations.get(what.producer);
    if (destination === undefined || destination.startsWith("topic://")) return;
    if (what.sequence <= (this.#ignored.get(what.producer) ?? 0)) return;
    const entry = this.#entry(what.producer, what.sequence);
    if (entry.arrivals.length === 0) {
      const before = this.#arrivals.filter((one) => one.producer === what.producer);
      const consumers = new Set([...before, what].map((one) => one.consumer));
      const isLate = before.some((one) => one.consumer === what.consumer && one.sequence > what.sequence);
      if (isLate && !(consumers.size > 1 && what.redelivered)) this.#outOfOrder += 1;
      this.#arrivals.push(what);
    }
    entry.removed = false;
    entry.arrivals.push(what);
  }

  /** All entries up to the first number that is not confirmed. */
  mark(): Set<Entry> {
    const marked = new Set<Entry>();
    for (const producer of this.#destinations.keys()) {
      for (let sequence = (this.#ignored.get(producer) ?? 0) + 1; ; sequence += 1) {
        const entry = this.#entries.find((one) => one.producer === producer && one.sequence === sequence);
        if (entry?.confirmed !== true) break;
        marked.add(entry);
      }
    }
    return marked;
  }

  judge(mark: Set<Entry>, stored: readonly StoredCount[]): void {
    const missing = new Map<string, number>();
    for (const destination of new Set(this.#destinations.values())) {
      const candidates = [...mark].filter(
        (one) => one.destination === destination && isOutstanding(one),
      ).length;
      const depth = stored.find((one) => one.destination === destination)?.depth ?? 0;
      missing.set(destination, Math.max(0, candidates - depth));
    }
    // Who watched at the time of the judgement is what counts.
    this.#judgement = { mark, stored: stored.map((one) => ({ ...one })), missing };
    this.#lostNow = new Map(
      [...missing].map(([destination, count]) => [destination, { count, taken: this.#isTaken(destination) }]),
    );
  }

  #lostNow = new Map<string, { count: number; taken: boolean }>();

  forgive(destination: string): void {
    for (const entry of this.#entries) {
      if (entry.destination === destination && isOutstanding(entry)) entry.removed = true;
    }
  }

  reset(): void {
    for (const producer of this.#destinations.keys()) {
      const own = this.#entries.filter((one) => one.producer === producer);
      const heardOf = own.filter((one) => one.confirmed || one.arrivals.length > 0);
      this.#ignored.set(
        producer,
        Math.max(this.#ignored.get(producer) ?? 0, ...heardOf.map((one) => one.sequence)),
      );
    }
    this.#entries = [];
    this.#outOfOrder = 0;
    this.#toTopics = 0;
    this.#lostNow.clear();
  }

  outstanding(): OutstandingMessage[] {
    return this.#entries
      .filter(isOutstanding)
      .map(({ destination, producer, sequence }) => ({ destination, producer, sequence }));
  }

  snapshot(): LedgerSnapshot {
    const confirmed = this.#entries.filter((one) => one.confirmed);
    const again = confirmed.filter((one) => one.arrivals.length > 1);
    let lost = 0;
    let takenByOthers = 0;
    for (const [destination, { count, taken }] of this.#lostNow) {
      const outstanding = this.outstanding().filter((one) => one.destination === destination).length;
      if (taken) takenByOthers += Math.min(count, outstanding);
      else lost += Math.min(count, outstanding);
    }
    return {
      confirmed: confirmed.length,
      receivedOnce: confirmed.filter((one) => one.arrivals.length === 1).length,
      receivedAgain: again.length,
      unflaggedRepeats: again.filter(hasUnflaggedRepeat).length,
      notYet: this.outstanding().length - lost - takenByOthers,
      lost,
      takenByOthers,
      removed: confirmed.filter((one) => one.removed).length,
      outOfOrder: this.#outOfOrder,
      toTopics: this.#toTopics,
      acknowledgesAutomatically: this.#watchers.some((one) => one.isAutomatic),
    };
  }

  #isTaken(destination: string): boolean {
    const found = this.#judgement?.stored.find((one) => one.destination === destination);
    return found?.othersConsume === true || !this.#watchers.some((one) => covers(one.pattern, destination));
  }

  #entry(producer: string, sequence: number): Entry {
    const known = this.#entries.find((one) => one.producer === producer && one.sequence === sequence);
    if (known !== undefined) return known;
    const destination = this.#destinations.get(producer)!;
    const entry = { destination, producer, sequence, confirmed: false, removed: false, arrivals: [] };
    this.#entries.push(entry);
    return entry;
  }
}

const isOutstanding = (entry: Entry): boolean =>
  entry.confirmed && entry.arrivals.length === 0 && !entry.removed;

function hasUnflaggedRepeat(entry: Entry): boolean {
  return entry.arrivals.some(
    (arrival, index) =>
      index > 0 &&
      !arrival.redelivered &&
      !entry.arrivals.slice(0, index + 1).some((earlier) => earlier.resent),
  );
}
