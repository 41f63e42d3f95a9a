import type { Op } from "../../engine/base/units.ts";
import type { Broker } from "../../engine/core/broker.ts";
import type { Command } from "../../engine/core/command.ts";

interface Work {
  sends: [Op, Command & { kind: "send" }][];
  settles: (Command & { kind: "settle" })[];
}

/** The same rules, written as plainly as can be: a list of places, each with a holder or none. */
export class Twin {
  places: { queue: string; op: Op; holder: string | null; count: number; persistent: boolean; at: number }[] =
    [];
  durables: string[] = [];
  jobs: { op: Op; dueAt: number | null; count: number }[] = [];
  hasTemporary = false;
  isTemporaryOwned = false;
  readonly open = new Map<string, Work>();
  readonly prepared = new Map<string, Work>();
  #at = 0;

  apply(op: Op, command: Command): void {
    switch (command.kind) {
      case "send":
        if (command.transaction === null) return this.#publish(op, command);
        this.open.get(command.owner)!.sends.push([op, command]);
        return;
      case "deliver":
        for (const place of this.places)
          if (place.queue === command.queue && command.messages.includes(place.op)) {
            place.holder = command.owner;
            place.count += 1;
          }
        return;
      case "settle":
        if (command.transaction === null) return this.#settle(command);
        this.open.get(command.owner)!.settles.push(command);
        return;
      case "begin":
        this.open.set(command.owner, { sends: [], settles: [] });
        return;
      case "prepare": {
        const work = this.open.get(command.owner)!;
        this.open.delete(command.owner);
        this.prepared.set(command.owner, work);
        for (const settle of work.settles) this.#handOver(settle, command.owner, command.transaction);
        return;
      }
      case "finish-prepared": {
        const owner = command.transaction.slice("xa:".length);
        const { sends, settles } = this.prepared.get(owner)!;
        this.prepared.delete(owner);
        if (command.outcome === "rollback") {
          for (const settle of settles) this.#handOver(settle, command.transaction, owner);
          return;
        }
        for (const settle of settles) this.#settle({ ...settle, owner: command.transaction });
        for (const [sent, send] of sends) this.#publish(sent, send);
        return;
      }
      case "finish": {
        const { sends, settles } = this.open.get(command.owner)!;
        this.open.delete(command.owner);
        if (command.outcome === "rollback") return;
        for (const settle of settles) this.#settle(settle);
        for (const [sent, send] of sends) this.#publish(sent, send);
        return;
      }
      case "leave":
        this.open.delete(command.owner);
        if (command.owner === "a" && this.isTemporaryOwned && !command.keepsTemporaries) this.#endTemporary();
        if (command.owner === "a") this.isTemporaryOwned = false;
        return this.#giveBack(command.owner);
      case "release":
        this.#count(command.owner, command.unseen, -1);
        return this.#giveBack(command.owner);
      case "redeliver":
        return this.#count(command.owner, command.messages, 1);
      case "expire":
        for (const op of command.messages) {
          const place = this.places.find(
            (one) => one.queue === command.queue && one.op === op && one.holder === null,
          );
          if (place !== undefined) this.#bury(place);
        }
        return;
      case "purge":
        this.places = this.places.filter(({ queue, holder }) => queue !== command.queue || holder !== null);
        return;
      case "create-durable":
        if (!this.durables.includes(command.clientId)) this.durables.push(command.clientId);
        return;
      case "delete-durable":
        this.durables = this.durables.filter((one) => one !== command.clientId);
        this.places = this.places.filter(({ queue }) => queue !== durable(command.clientId));
        return;
      case "create-temporary":
        this.hasTemporary = true;
        this.isTemporaryOwned = true;
        return;
      case "delete-temporary":
        return this.#endTemporary();
      case "create-queue":
      case "claim-groups":
      case "forget-groups":
        return;
      case "schedule":
        this.jobs.find((job) => job.op === command.job)!.dueAt = command.dueAt;
        return;
      case "fire": {
        this.#publish(op, command);
        const job = this.jobs.find((one) => one.op === command.job)!;
        job.count += 1;
        job.dueAt = command.next;
        if (command.next === null) this.jobs.splice(this.jobs.indexOf(job), 1);
        return;
      }
      case "replay":
        return this.#place(command.queue, op, command.message.persistent);
      case "delete-queue": {
        const gone = `queue://${command.destination.name}`;
        this.places = this.places.filter(({ queue }) => queue !== gone);
        return;
      }
      case "unschedule":
        this.jobs = this.jobs.filter((job) => !command.jobs.includes(job.op));
    }
  }

  /** Places in the order in which they became visible. */
  show(): string[] {
    const places = this.places
      .sort((a, b) => a.at - b.at)
      .map(({ queue, op, holder, count }) => `${queue} ${op} ${holder ?? "-"} ${count}`);
    return [...places, ...showJobs(this.jobs)];
  }

  #endTemporary(): void {
    this.hasTemporary = false;
    this.isTemporaryOwned = false;
    this.places = this.places.filter(({ queue }) => queue !== "temp-queue://a:replies");
  }

  #count(owner: string, ops: readonly Op[], change: number): void {
    for (const place of this.places)
      // One message may lie in several queues; a subscription of this test holds the one it was given last.
      if (place.holder === owner && ops.includes(place.op)) place.count += change;
  }

  #publish(op: Op, { message }: Command & { kind: "send" | "fire" }): void {
    const { destination, persistent } = message;
    if (message.properties.has("AMQ_SCHEDULED_DELAY") && !message.properties.has("scheduledJobId")) {
      this.jobs.push({ op, dueAt: null, count: 0 });
      return;
    }
    if (destination.kind === "topic")
      for (const one of this.durables) this.#place(durable(one), op, persistent);
    else if (destination.kind === "queue" || this.hasTemporary)
      this.#place(`${destination.kind}://${destination.name}`, op, persistent);
  }

  #place(queue: string, op: Op, persistent: boolean): void {
    this.places.push({ queue, op, holder: null, count: 0, persistent, at: (this.#at += 1) });
  }

  #settle({ owner, messages, outcome }: Command & { kind: "settle" }): void {
    for (const op of messages) {
      // One message may lie in several queues; a subscription of this test holds the one it was given last.
      const place = this.places.find((one) => one.op === op && one.holder === owner);
      if (place === undefined) continue;
      if (outcome === "released") place.holder = null;
      else if (outcome === "accepted") this.#remove(place);
      else this.#bury(place);
    }
  }

  #handOver({ messages }: Command & { kind: "settle" }, from: string, to: string): void {
    for (const place of this.places)
      if (place.holder === from && messages.includes(place.op)) place.holder = to;
  }

  #bury(place: Twin["places"][number]): void {
    this.#remove(place);
    const dead = "queue://ActiveMQ.DLQ";
    const isThere = this.places.some(({ queue, op }) => queue === dead && op === place.op);
    if (place.persistent && place.queue !== dead && !isThere) this.#place(dead, place.op, true);
  }

  #remove(place: Twin["places"][number]): void {
    this.places.splice(this.places.indexOf(place), 1);
  }

  #giveBack(owner: string): void {
    for (const place of this.places) if (place.holder === owner) place.holder = null;
  }
}

const durable = (clientId: string): string => `durable://${clientId.length}:${clientId}:d`;

function showJobs(jobs: Iterable<Twin["jobs"][number]>): string[] {
  return Array.from(jobs, ({ op, dueAt, count }) => `job ${op} ${dueAt ?? "-"} ${count}`).sort();
}

/** The same of a real broker. */
export function show(broker: Broker): string[] {
  const places = [...broker.queues.values()]
    .flatMap((queue) =>
      [...queue.inOrder()].map(({ op, position, deliveryCount }) => ({
        position,
        text: `${queue.key} ${op} ${queue.delivered.get(op)?.owner ?? "-"} ${deliveryCount}`,
      })),
    )
    .sort((one, other) => one.position - other.position)
    .map(({ text }) => text);
  const jobs = Array.from(broker.schedule.jobs(), ({ firedCount, ...job }) => ({
    ...job,
    count: firedCount,
  }));
  return [...places, ...showJobs(jobs)];
}
