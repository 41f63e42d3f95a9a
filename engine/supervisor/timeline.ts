import type { NewTimelineEvent, PairEvent, TimelineEvent, ViewUpdate } from "../control/events.ts";

const eventCountMax = 20_000;
/** Events dropped at once when the ring is full, so that dropping costs nothing per event. */
const dropCount = 1_000;
/** Views are pushed at most this often, except that a change of state is shown at once. */
const viewIntervalMs = 250;
/** So many clients and destinations are shown in an interval; more of them take longer, so that others have their share. */
const rowsPerInterval = 1_000;
/** Rates look back over a second: when all has stopped, they are shown once more after it. */
const settleMs = 1_250;

/**
 * What happened, numbered, and the views of how things stand. A watcher gets every event; of views it gets the newest,
 * a few times a second while something changes. A follower gets the events alone.
 */
export class Timeline {
  readonly #events: TimelineEvent[] = [];
  readonly #watchers = new Set<(event: PairEvent) => void>();
  readonly #followers = new Set<(event: TimelineEvent) => void>();
  readonly #views: () => ViewUpdate;
  readonly #now: () => number;
  #lastId = 0;
  #pending: NodeJS.Timeout | null = null;
  #settling: NodeJS.Timeout | null = null;
  #isUrgent = false;
  /** When views may be pushed again. */
  #nextPushAt = -Infinity;

  constructor(views: () => ViewUpdate, now: () => number) {
    this.#views = views;
    this.#now = now;
  }

  /** Adds an event; `at` when it happened, if that is known better than "now". */
  add(event: NewTimelineEvent, at = this.#now()): TimelineEvent {
    const whole = { ...event, id: ++this.#lastId, at };
    this.#events.push(whole);
    if (this.#events.length > eventCountMax) this.#events.splice(0, dropCount);
    for (const follower of [...this.#followers]) follower(whole);
    this.#tell(whole);
    this.touch();
    return whole;
  }

  /** Events numbered above `id`, oldest first. */
  after(id: number, limit: number): readonly TimelineEvent[] {
    const first = this.#events[0]?.id ?? 1;
    const start = Math.max(0, id + 1 - first);
    return this.#events.slice(start, start + limit);
  }

  /** Events and views. */
  subscribe(listener: (event: PairEvent) => void): () => void {
    this.#watchers.add(listener);
    this.touch({ urgent: true });
    return () => this.#watchers.delete(listener);
  }

  /** Events alone: for this one no views are made. */
  follow(listener: (event: TimelineEvent) => void): () => void {
    this.#followers.add(listener);
    return () => this.#followers.delete(listener);
  }

  /** Something in the views changed. `urgent`: a state, not a number. */
  touch({ urgent = false } = {}): void {
    if (this.#watchers.size === 0) return;
    if (this.#pending !== null && (this.#isUrgent || !urgent)) return;
    if (this.#pending !== null) clearTimeout(this.#pending);
    this.#isUrgent = urgent;
    const waitMs = urgent ? 0 : Math.max(0, this.#nextPushAt - performance.now());
    this.#pending = setTimeout(() => {
      this.#push();
      this.#settle();
    }, waitMs);
    this.#pending.unref();
  }

  /** Stops pushing views. */
  close(): void {
    if (this.#pending !== null) clearTimeout(this.#pending);
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#watchers.clear();
    this.#followers.clear();
  }

  #push(): void {
    this.#pending = null;
    this.#isUrgent = false;
    const views = this.#views();
    const intervals = Math.max(1, (views.clients.length + views.destinations.length) / rowsPerInterval);
    this.#nextPushAt = performance.now() + intervals * viewIntervalMs;
    this.#tell(views);
  }

  #settle(): void {
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#settling = setTimeout(
      () => {
        if (this.#pending === null) this.#push();
      },
      this.#nextPushAt - performance.now() + settleMs,
    );
    this.#settling.unref();
  }

  #tell(event: PairEvent): void {
    for (const watcher of [...this.#watchers]) watcher(event);
  }
}
