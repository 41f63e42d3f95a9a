import type { Command } from "../../engine/core/command.ts";
import { deadLetterQueue, destinationKey, isTopic, type Destination } from "../../engine/core/message.ts";
import { auditGroups } from "./group-audit.ts";
import { auditRoutes } from "./route-audit.ts";
import { violated } from "./rules.ts";
import { auditSchedule } from "./timetable.ts";
import { visibleSends, type Visible } from "./visible.ts";

/** A moment, and who served at it, after so many changes of who does. */
export interface Presence {
  readonly at: number;
  readonly failovers: number;
  readonly host: object | null;
}

const deadLetters = destinationKey(deadLetterQueue);

/** A delivery as its client sees it. */
export interface Arrival {
  readonly queue: string;
  readonly body: string;
  readonly deliveryCount: number;
  /** Subscription that got it, of this one connection. */
  readonly reader: string;
}

/** One try to send a message; a client that is not answered tries again under a new name. */
interface Attempt {
  readonly producer: string;
  readonly sequence: number;
  readonly destination: Destination;
  readonly transaction: string | null;
  /** Nobody need ever get it: it is dropped when it expires, or its temporary queue goes. */
  readonly mayVanish?: boolean;
  /** It was asked not to come earlier. Two machines' clocks may differ: only who was asked is held to it, and until another served. */
  readonly due?: Presence;
  /** Message group that it was sent as one of. */
  readonly group?: string | null;
  /** 4, unless said otherwise. */
  readonly priority?: number;
  /** Which one of all that were sent. */
  readonly number: number;
  isConfirmed: boolean;
}

/** What clients did and were told, kept by themselves: compared with what the pair has in the end. */
export class Ledger {
  readonly #attempts = new Map<string, Attempt>();
  readonly #transactions = new Map<
    string,
    { readonly bodies: string[]; outcome: "open" | "committed" | "rolled back" }
  >();
  /** Delivery counts that reached clients, by queue and body: two connections may get theirs in either order. */
  readonly #deliveries = new Map<string, Set<number>>();
  readonly #seen = new Set<string>();
  readonly #settled = new Set<string>();
  readonly #order = new DeliveryOrder();
  readonly #hasForked: () => boolean;
  #sentCount = 0;
  confirmedCount = 0;
  /** Confirmed, and gone with the side of a split that was given up. */
  lostCount = 0;
  deliveredCount = 0;

  /** `hasForked`: each side of a split has a truth of its own, and a stale store delivers what was settled elsewhere. */
  constructor(hasForked: () => boolean = () => false) {
    this.#hasForked = hasForked;
  }

  sent(body: string, attempt: Omit<Attempt, "number" | "isConfirmed">): void {
    this.#attempts.set(body, { ...attempt, number: (this.#sentCount += 1), isConfirmed: false });
    if (attempt.transaction === null) return;
    const open = this.#transactions.get(attempt.transaction);
    if (open === undefined) this.#transactions.set(attempt.transaction, { bodies: [body], outcome: "open" });
    else open.bodies.push(body);
  }

  /** It was not taken, and the client knows. */
  refused(body: string): void {
    const attempt = this.#attempts.get(body);
    this.#attempts.delete(body);
    const open = this.#transactions.get(attempt?.transaction ?? "");
    open?.bodies.splice(open.bodies.indexOf(body), 1);
  }

  confirmed(body: string): void {
    this.#attempts.get(body)!.isConfirmed = true;
    this.confirmedCount += 1;
  }

  /** `rolled back` as soon as the client wishes it; `committed` when it is confirmed. */
  finished(transaction: string, outcome: "committed" | "rolled back"): void {
    const known = this.#transactions.get(transaction);
    if (known !== undefined) known.outcome = outcome;
    if (outcome === "committed") this.confirmedCount += known?.bodies.length ?? 0;
  }

  delivered(arrival: Arrival, presence: Presence): void {
    const { queue, body, deliveryCount } = arrival;
    const key = `${queue} ${body}`;
    const counts = this.#deliveries.get(key) ?? new Set();
    // Each subscription's copy may come to the dead letters, one after the other.
    const isOne = queue !== deadLetters || !this.#isPublished(body);
    const isStrict = isOne && !this.#hasForked();
    if (this.#settled.has(key) && isStrict)
      violated(
        "nothing confirmed is applied twice",
        `${key} is delivered again after its acknowledgement was confirmed`,
      );
    if (counts.has(deliveryCount) && isStrict)
      violated("redeliveries carry the flag", `${key} comes a second time as delivery ${deliveryCount}`);
    const attempt = this.#attempts.get(body) ?? violated("none is invented", `${body} was never sent`);
    const { transaction, due } = attempt;
    if (transaction !== null && this.#transactions.get(transaction)!.outcome === "rolled back")
      violated("transactions are whole", `${body} is delivered, and its transaction was rolled back`);
    if (due !== undefined) checkTime(body, due, presence);
    else if (queue !== deadLetters && deliveryCount === 1) this.#order.check(arrival, attempt);
    this.#deliveries.set(key, counts.add(deliveryCount));
    this.#seen.add(body);
    this.deliveredCount += 1;
  }

  settled(queue: string, body: string): void {
    this.#settled.add(`${queue} ${body}`);
  }

  /** All that was promised, against the history that stayed. */
  audit(history: readonly Command[]): void {
    auditSchedule(history);
    auditGroups(history, (body) => this.#attempts.get(body)?.group ?? null);
    const visible = visibleSends(history);
    const counts = new Map<string, number>();
    for (const { body } of visible) counts.set(body, (counts.get(body) ?? 0) + 1);
    for (const [body, count] of counts)
      if (count > 1) violated("nothing confirmed is applied twice", `${body} is there ${count} times`);
    const isForked = this.#hasForked();
    for (const [body, { isConfirmed }] of this.#attempts) {
      if (!isConfirmed || counts.has(body)) continue;
      if (!isForked) violated("nothing confirmed is lost", `${body} was confirmed and is not there`);
      this.lostCount += 1;
    }
    this.#auditTransactions(counts);
    this.#auditOrder(visible);
    auditRoutes(history, visible, {
      sentTo: (body) => this.#attempts.get(body)?.destination ?? null,
      hasCome: (place, body) => this.#deliveries.has(`${place} ${body}`),
    });
    for (const body of counts.keys())
      if (!this.#seen.has(body) && !this.#mayVanish(body))
        violated("nothing is stranded", `${body} reached no consumer`);
  }

  /** A topic's subscribers may not have been known to the side that was given it. */
  #mayVanish(body: string): boolean {
    return this.#attempts.get(body)?.mayVanish === true || (this.#isPublished(body) && this.#hasForked());
  }

  #isPublished(body: string): boolean {
    const attempt = this.#attempts.get(body);
    return attempt !== undefined && isTopic(attempt.destination);
  }

  #auditTransactions(counts: ReadonlyMap<string, number>): void {
    for (const [name, { bodies, outcome }] of this.#transactions) {
      const there = bodies.filter((body) => counts.has(body)).length;
      const isWhole =
        outcome === "committed" && !this.#hasForked()
          ? there === bodies.length
          : outcome === "rolled back"
            ? there === 0
            : there === 0 || there === bodies.length;
      if (!isWhole)
        violated(
          "transactions are whole",
          `${name} is ${outcome}, and ${there} of its ${bodies.length} messages are there`,
        );
    }
  }

  /** First appearances of each producer's messages are in the order in which it sent them. */
  #auditOrder(visible: readonly Visible[]): void {
    const last = new Map<string, number>();
    const known = new Set<string>();
    for (const { body } of visible) {
      const { producer, sequence } = this.#attempts.get(body)!;
      const name = `${producer} ${sequence}`;
      if (known.has(name)) continue;
      known.add(name);
      if (sequence <= (last.get(producer) ?? -1))
        violated("order per producer", `${body} comes after ${last.get(producer) ?? ""} of ${producer}`);
      last.set(producer, sequence);
    }
  }
}

/**
 * What a subscription gets for the first time from one place comes in the order in which its producer sent it; messages of
 * a higher priority, and other groups, may overtake.
 */
class DeliveryOrder {
  readonly #last = new Map<string, number>();

  check({ queue, body, reader }: Arrival, { producer, priority = 4, group = null, number }: Attempt): void {
    const line = `${reader} ${queue} ${producer} ${priority} ${group ?? ""}`;
    if (number < (this.#last.get(line) ?? 0))
      violated("order per producer", `${body} comes to ${reader} from ${queue} after what was sent later`);
    this.#last.set(line, number);
  }
}

function checkTime(body: string, due: Presence, now: Presence): void {
  const isOneClock = due.host === now.host && due.failovers === now.failovers;
  if (isOneClock && now.at < due.at)
    violated(
      "what is scheduled comes in its time, each once",
      `${body} comes ${(due.at - now.at).toFixed(1)} ms early`,
    );
}
