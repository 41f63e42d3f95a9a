import { assert } from "../base/assert.ts";
import { covers } from "./destinations.ts";
import { fact, fateOf, SequenceLog } from "./sequence-log.ts";

/**
 * The books on all messages that a broker confirmed to built-in producers: was each received, once, again, or never?
 * Like a cloakroom with numbered tickets, it knows every number that was handed out and every coat that was fetched;
 * whether a coat that nobody fetched still hangs there, only a look at the hooks tells. So "not yet" and "lost" are
 * told apart by {@link Ledger.judge}, with what the brokers say they still store.
 *
 * Pure: it reads no clock. Only queues are counted; a topic keeps nothing for those who are away, so nothing that was
 * sent to one can be missed.
 */
export interface LedgerSnapshot {
  readonly confirmed: number;
  readonly receivedOnce: number;
  readonly receivedAgain: number;
  /** Messages of which a repetition was received that showed neither a redelivered flag nor its producer's mark. */
  readonly unflaggedRepeats: number;
  readonly notYet: number;
  readonly lost: number;
  /** Gone from their queue by way of consumers that are not built in. */
  readonly takenByOthers: number;
  /** Deleted on purpose: purged, or taken by hand. */
  readonly removed: number;
  readonly outOfOrder: number;
  /** Confirmed messages to topics, which nothing else here counts. */
  readonly toTopics: number;
  /** Some consumer lets the broker count a message as consumed once it is on its way. */
  readonly acknowledgesAutomatically: boolean;
}

export interface Received {
  readonly consumer: string;
  readonly producer: string;
  readonly sequence: number;
  readonly redelivered: boolean;
  /** Marked by its producer as sent before. */
  readonly resent: boolean;
}

/** What the active broker holds of one queue. */
export interface StoredCount {
  /** `queue://orders` */
  readonly destination: string;
  /** Messages stored, handed out or not, including those moved from here to a dead letter queue. */
  readonly depth: number;
  /** Whether consumers that are not built in have been on it. */
  readonly othersConsume: boolean;
}

export interface OutstandingMessage {
  readonly destination: string;
  readonly producer: string;
  readonly sequence: number;
}

export interface LedgerBounds {
  readonly blockSize: number;
  readonly openBlocksMax: number;
  readonly producersMax: number;
}

/** At most 32 MiB of open blocks; without gaps two blocks a producer are open at any time. */
export const ledgerBoundsDefault: LedgerBounds = {
  blockSize: 16_384,
  openBlocksMax: 2_048,
  producersMax: 2_000,
};

interface Account {
  readonly destination: string;
  confirmed: number;
  once: number;
  again: number;
  unflagged: number;
  removed: number;
  outstanding: number;
  /** Of the outstanding: how many the last judgement found on no broker, and whether somebody else may have them. */
  missing: number;
  isTakenByOthers: boolean;
}

interface Producer {
  readonly account: Account | null;
  readonly log: SequenceLog;
  /** Highest number that each consumer received of it. */
  readonly highWater: Map<string, number>;
}

interface Watcher {
  readonly pattern: string;
  readonly isAutomatic: boolean;
}

/** A moment, as the numbers confirmed by then. */
export type LedgerMark = ReadonlyMap<string, number>;

export class Ledger {
  readonly #bounds: LedgerBounds;
  readonly #producers = new Map<string, Producer>();
  readonly #accounts = new Map<string, Account>();
  /** By pattern: consumers that are or were there. */
  readonly #watchers = new Map<string, Watcher>();
  #outOfOrder = 0;
  #toTopics = 0;

  constructor(bounds: LedgerBounds = ledgerBoundsDefault) {
    this.#bounds = bounds;
  }

  /** A producer begins to send to `destination`, numbering its messages from 1. */
  open(producer: string, destination: string): void {
    assert(!this.#producers.has(producer), `producer ${producer} is new`);
    if (this.#producers.size >= this.#bounds.producersMax) this.#forgetProducer();
    const account = destination.startsWith("topic://") ? null : this.#account(destination);
    this.#producers.set(producer, {
      account,
      log: new SequenceLog(this.#bounds.blockSize),
      highWater: new Map(),
    });
  }

  /** A consumer subscribes to `pattern`; from now on, what is missing there counts as lost. */
  watch(pattern: string, isAutomatic: boolean): void {
    const before = this.#watchers.get(pattern);
    this.#watchers.set(pattern, { pattern, isAutomatic: isAutomatic || before?.isAutomatic === true });
  }

  /** A broker confirmed a message to its producer. */
  confirm(producer: string, sequence: number): void {
    const { account, log } = this.#known(producer);
    if (account === null) {
      this.#toTopics += 1;
      return;
    }
    if (sequence <= log.ignoredThrough) return;
    const facts = log.get(sequence);
    if (facts !== null) this.#change(account, log, sequence, facts, facts | fact.confirmed);
    else if (log.adjustClosed(sequence, 1)) {
      account.confirmed += 1;
      account.outstanding += 1;
    }
  }

  /** A built-in consumer received a message; messages of unknown producers are none of the ledger's business. */
  receive(what: Received): void {
    const producer = this.#producers.get(what.producer);
    if (producer === undefined || producer.account === null || what.sequence <= producer.log.ignoredThrough)
      return;
    const facts = producer.log.get(what.sequence);
    if (facts === null) {
      this.#receiveForgotten(producer.account, producer.log, what);
      return;
    }
    const isRepeat = (facts & fact.received) !== 0;
    if (!isRepeat) this.#checkOrder(producer, what);
    const isExplained = what.redelivered || what.resent || (facts & fact.resentSeen) !== 0;
    let after = (facts | fact.received) & ~fact.removed;
    if (isRepeat) after |= fact.again | (isExplained ? 0 : fact.unflagged);
    if (what.resent) after |= fact.resentSeen;
    this.#change(producer.account, producer.log, what.sequence, facts, after);
  }

  /** To be taken before the brokers are asked what they store. */
  mark(): LedgerMark {
    return new Map([...this.#producers].map(([name, producer]) => [name, producer.log.confirmedThrough]));
  }

  /**
   * Compares with what the active broker stored some time after `mark`: what was confirmed by then and is outstanding
   * still now must have been stored in between, unless it is lost. Queues that are not named store nothing. Messages
   * of others on the same queue can hide a loss, never make one up.
   */
  judge(mark: LedgerMark, stored: readonly StoredCount[]): void {
    const candidates = new Map<Account, number>();
    for (const [name, through] of mark) {
      const producer = this.#producers.get(name);
      if (producer?.account === null || producer === undefined) continue;
      const count = producer.log.outstandingThrough(through);
      candidates.set(producer.account, (candidates.get(producer.account) ?? 0) + count);
    }
    for (const account of this.#accounts.values()) {
      const found = stored.find((one) => one.destination === account.destination);
      account.missing = Math.max(0, (candidates.get(account) ?? 0) - (found?.depth ?? 0));
      account.isTakenByOthers = found?.othersConsume === true || !this.#isWatched(account.destination);
    }
  }

  /** Somebody deleted what waits on `destination`: it is neither lost nor awaited any more. */
  forgive(destination: string): void {
    for (const { account, log } of this.#producers.values()) {
      if (account?.destination !== destination) continue;
      for (const sequence of [...log.outstanding()]) {
        const facts = log.get(sequence);
        if (facts !== null) this.#change(account, log, sequence, facts, facts | fact.removed);
      }
    }
  }

  /** Starts anew: what was confirmed or received so far is not counted any more. */
  reset(): void {
    this.#accounts.clear();
    for (const [name, { account, log, highWater }] of this.#producers) {
      this.#producers.set(name, {
        account: account === null ? null : this.#account(account.destination),
        log: new SequenceLog(this.#bounds.blockSize, log.highest),
        highWater,
      });
    }
    this.#outOfOrder = 0;
    this.#toTopics = 0;
  }

  /** Messages confirmed and not received, oldest first of each producer. */
  outstanding(limit: number): OutstandingMessage[] {
    const list: OutstandingMessage[] = [];
    for (const [producer, { account, log }] of this.#producers) {
      if (account === null) continue;
      for (const sequence of log.outstanding()) {
        if (list.length >= limit) return list;
        list.push({ destination: account.destination, producer, sequence });
      }
    }
    return list;
  }

  /** How many are outstanding on each queue. */
  outstandingCounts(): { readonly destination: string; readonly count: number }[] {
    return [...this.#accounts.values()].map(({ destination, outstanding }) => ({
      destination,
      count: outstanding,
    }));
  }

  snapshot(): LedgerSnapshot {
    const total = {
      confirmed: 0,
      once: 0,
      again: 0,
      unflagged: 0,
      removed: 0,
      lost: 0,
      taken: 0,
      outstanding: 0,
    };
    for (const account of this.#accounts.values()) {
      total.confirmed += account.confirmed;
      total.once += account.once;
      total.again += account.again;
      total.unflagged += account.unflagged;
      total.removed += account.removed;
      total.outstanding += account.outstanding;
      const missing = Math.min(account.missing, account.outstanding);
      if (account.isTakenByOthers) total.taken += missing;
      else total.lost += missing;
    }
    return {
      confirmed: total.confirmed,
      receivedOnce: total.once,
      receivedAgain: total.again,
      unflaggedRepeats: total.unflagged,
      notYet: total.outstanding - total.lost - total.taken,
      lost: total.lost,
      takenByOthers: total.taken,
      removed: total.removed,
      outOfOrder: this.#outOfOrder,
      toTopics: this.#toTopics,
      acknowledgesAutomatically: [...this.#watchers.values()].some((one) => one.isAutomatic),
    };
  }

  #change(account: Account, log: SequenceLog, sequence: number, before: number, after: number): void {
    if (before === after) return;
    const openBefore = log.openCount;
    log.set(sequence, after);
    this.#count(account, before, -1);
    this.#count(account, after, 1);
    if (log.openCount <= openBefore) return;
    while (this.openBlockCount > this.#bounds.openBlocksMax && this.#closeOldestBlock());
  }

  #count(account: Account, facts: number, by: 1 | -1): void {
    const fate = fateOf(facts);
    if (fate === "unconfirmed") return;
    account.confirmed += by;
    account[fate] += by;
    if ((facts & fact.unflagged) !== 0) account.unflagged += by;
  }

  /** Its numbers are gone: without a flag it counts as one of those that were outstanding, else as a repetition. */
  #receiveForgotten(account: Account, log: SequenceLog, what: Received): void {
    if (what.redelivered || what.resent || !log.adjustClosed(what.sequence, -1)) return;
    account.outstanding -= 1;
    account.once += 1;
  }

  /** With several consumers, what one of them gave back reaches another one late, and is flagged: that is in order. */
  #checkOrder(producer: Producer, what: Received): void {
    const highest = producer.highWater.get(what.consumer) ?? 0;
    producer.highWater.set(what.consumer, Math.max(highest, what.sequence));
    const isGivenBack = producer.highWater.size > 1 && what.redelivered;
    if (what.sequence < highest && !isGivenBack) this.#outOfOrder += 1;
  }

  /** Blocks that take memory now. */
  get openBlockCount(): number {
    let count = 0;
    for (const { log } of this.#producers.values()) count += log.openCount;
    return count;
  }

  #closeOldestBlock(): boolean {
    const fullest = [...this.#producers.values()].sort(
      (one, other) => other.log.openCount - one.log.openCount,
    )[0];
    return fullest?.log.closeOldest() ?? false;
  }

  #forgetProducer(): void {
    const settled = [...this.#producers].find(([, { log }]) => log.outstandingThrough(log.highest) === 0);
    const name = settled?.[0] ?? this.#producers.keys().next().value;
    if (name !== undefined) this.#producers.delete(name);
  }

  #isWatched(destination: string): boolean {
    return [...this.#watchers.keys()].some((pattern) => covers(pattern, destination));
  }

  #known(name: string): Producer {
    const producer = this.#producers.get(name);
    assert(producer !== undefined, `producer ${name} was opened`);
    return producer;
  }

  #account(destination: string): Account {
    const known = this.#accounts.get(destination);
    if (known !== undefined) return known;
    const account = emptyAccount(destination);
    this.#accounts.set(destination, account);
    return account;
  }
}

function emptyAccount(destination: string): Account {
  return {
    destination,
    confirmed: 0,
    once: 0,
    again: 0,
    unflagged: 0,
    removed: 0,
    outstanding: 0,
    missing: 0,
    isTakenByOthers: false,
  };
}
