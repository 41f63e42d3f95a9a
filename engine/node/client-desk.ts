import { assertNever } from "../base/assert.ts";
import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import type { Moment, Op } from "../base/units.ts";
import { contentOf, ownerOf, sessionOf, type Command, type SettleOutcome } from "../core/command.ts";
import { admit } from "../core/admission.ts";
import { isVolatile, type Consumer } from "../core/consumer.ts";
import { Dispatcher } from "../core/dispatch.ts";
import type { SessionAnswer, SessionId, SessionRequest } from "../core/dialogue.ts";
import { deadLetterQueue, destinationKey, isTopic, type Destination, type Message } from "../core/message.ts";
import { sizeOf } from "../core/outlet.ts";
import { checkDestination } from "../core/pattern.ts";
import type { QueuedMessage } from "../core/queue.ts";
import { partRead } from "../core/readers.ts";
import { asSubscribersSee } from "../core/retained.ts";
import { dueTime, scheduleKindOf } from "../core/timing.ts";
import { Outbox, type WaitingAnswer } from "../outbox.ts";
import { Advisories } from "./advisories.ts";
import { Attendance } from "./attendance.ts";
import { ClientNames } from "./client-names.ts";
import { newClient, type ConnectedClient } from "./connected-client.ts";
import type { JournalReader } from "./contract.ts";
import type { History } from "./history.ts";
import { RecentMessages } from "./recent.ts";
import { Replaying } from "./replaying.ts";
import { isManagement, Scheduler } from "./scheduler.ts";
import { Subscribing } from "./subscribing.ts";
import { Temporaries } from "./temporaries.ts";
import { TransactionDesk } from "./transaction-desk.ts";

const firstDelivery = { deliveryCount: 1, deadLetter: null, isFirstOfGroup: false };

/**
 * Where clients are served: their requests become commands, commands become entries, and answers wait in the outbox
 * until those are safe. Exists only on the active node.
 */
export class ClientDesk {
  readonly clients = new Map<SessionId, ConnectedClient>();
  /** What clients that are gone had done. */
  readonly departed = { sentCount: 0, deliveredCount: 0 };
  readonly dispatcher: Dispatcher;
  readonly #history: History;
  readonly #outbox = new Outbox();
  readonly #transactions: TransactionDesk;
  readonly #names = new ClientNames();
  readonly #advisories = new Advisories(
    (session, answer) => this.#answer(session, answer),
    (op) => this.content(op),
  );
  readonly #temporaries: Temporaries;
  readonly scheduler: Scheduler;
  readonly #subscribing: Subscribing;
  readonly #recent: RecentMessages;
  readonly attendance = new Attendance();

  constructor(history: History, journal: JournalReader) {
    this.#history = history;
    this.#recent = new RecentMessages(journal, limits.bodyCacheBytesMax);
    this.#temporaries = new Temporaries(history.broker);
    this.dispatcher = new Dispatcher(
      history.broker,
      (op) => this.content(op),
      (op) => sizeOf(this.#recent.fetch(op)),
    );
    this.dispatcher.onQueue = (change, { destination }) => {
      if (destination !== null) this.#advisories.destination(change, destination);
    };
    this.dispatcher.onSlow = (consumer, topic) => this.#advisories.fellBehind(consumer, topic);
    this.scheduler = new Scheduler(
      history.broker,
      () => history.head.stampedAt,
      (op) => this.content(op),
      (command, now) => this.#order(command, now),
    );
    const replaying = new Replaying(history.broker, this.dispatcher, (op) => this.content(op));
    this.#subscribing = new Subscribing(history.broker, this.dispatcher, this.#temporaries, replaying);
    this.#transactions = new TransactionDesk(history.broker, this.dispatcher, this.clients);
    history.broker.observer = this.dispatcher;
  }

  /** Gives back what connections of former processes held: those will not come back under the same name. */
  dismissFormerOwners(now: Moment): void {
    const { owners, prepared } = this.#history.broker;
    for (const [name, owner] of [...owners].filter(([name]) => !prepared.has(name))) {
      this.#transactions.interrupted(owner);
      this.#order({ kind: "leave", owner: name, keepsTemporaries: true }, now);
    }
    this.#temporaries.wait(now.monotonic);
    this.#subscribing.wait(now.monotonic);
  }

  open(session: SessionId): void {
    this.clients.set(session, newClient(session, ownerOf(this.#history.epoch, session)));
  }

  close(session: SessionId, now: Moment): void {
    const client = this.clients.get(session);
    if (client === undefined) return;
    const owner = this.#history.broker.owners.get(client.owner);
    // Only who has a name for its connection can come back to it.
    if (owner !== undefined && this.#names.has(session)) this.#transactions.interrupted(owner);
    this.#forget(client);
    if (owner !== undefined)
      this.#order({ kind: "leave", owner: client.owner, keepsTemporaries: false }, now);
  }

  /** All clients at once, who find all they left where they are served next: there they are former owners. */
  leaveAll(): void {
    for (const client of [...this.clients.values()]) this.#forget(client);
  }

  #forget(client: ConnectedClient): void {
    this.clients.delete(client.session);
    this.departed.sentCount += client.sentCount;
    this.departed.deliveredCount += client.deliveredCount;
    this.dispatcher.removeSession(client.session);
    this.#advisories.left(client.session);
    this.#names.forget(client.session);
  }

  ask(session: SessionId, request: SessionRequest, receipt: number, now: Moment): void {
    const client = this.clients.get(session);
    if (client === undefined) return;
    this.attendance.asked(client, request, now);
    try {
      this.#perform(client, request, receipt, now);
      this.scheduler.plan(now);
      this.#answer(session, { kind: "confirm", receipt });
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.#answer(session, { kind: "refuse", receipt, error });
    }
  }

  /** Shares out what can be handed to consumers. */
  endTurn(now: Moment): void {
    for (const destination of this.#temporaries.overdue(now.monotonic))
      this.#order({ kind: "delete-temporary", destination }, now);
    this.scheduler.run(now, () => this.#history.head.op, this.#history.committed);
    this.#subscribing.giveUpGroups(now.monotonic, (command) => this.#order(command, now));
    // Before messages: who gets one that names a temporary queue has heard of the queue.
    this.#advisories.tell();
    this.dispatcher.run(now.wall, (command) => {
      if (command.kind === "expire")
        this.#advisories.dying(this.#history.broker.queues.get(command.queue), command.messages, "expired");
      this.#order(command, now);
      if (command.kind === "deliver") this.#announce(command);
    });
    for (const { consumer, op, source } of this.dispatcher.copies.take()) {
      const { session, request } = consumer;
      const { subscription } = request;
      if (op === null) this.#answer(session, { kind: "browsed", subscription });
      else this.#hand(session, subscription, op, source, firstDelivery);
    }
    // And what sharing out showed: who does not keep up, what expired.
    this.#advisories.tell();
  }

  /** Answers that may leave, in order; contents of deliveries are read now. */
  release(committed: Op, now: Moment): { session: SessionId; answer: SessionAnswer }[] {
    const ready: { session: SessionId; answer: SessionAnswer }[] = [];
    for (const waiting of this.#outbox.release(committed)) {
      if (waiting.answer.kind === "deliver-entry") this.dispatcher.outlets.gone(waiting.session);
      const answer = this.#complete(waiting);
      if (answer === null) continue;
      const client = this.clients.get(waiting.session);
      if (client !== undefined) this.attendance.answered(client, answer, now);
      ready.push({ session: waiting.session, answer });
    }
    return ready;
  }

  content(op: Op): Message | null {
    return this.#recent.content(op);
  }

  #perform(client: ConnectedClient, request: SessionRequest, receipt: number, now: Moment): void {
    switch (request.kind) {
      case "send":
        return this.#send(client, request.message, request.transaction, now);
      case "subscribe":
        return this.#subscribe(client, request, now);
      case "unsubscribe":
        return this.#unsubscribe(client, request.subscription, request.unseen, now);
      case "delete-durable":
        this.#subscribing.requireUnused(request.clientId, request.name);
        this.#order({ kind: "delete-durable", clientId: request.clientId, name: request.name }, now);
        return;
      case "settle":
        return this.#settle(client, request, now);
      case "begin":
      case "prepare":
      case "commit":
      case "rollback":
      case "forget":
      case "recover": {
        const prepared = this.#transactions.perform(client, request, (command) => this.#order(command, now));
        if (prepared !== null)
          this.#answer(client.session, { kind: "prepared", receipt, transactions: prepared });
        return;
      }
      case "create-temporary":
        checkDestination(request.destination, false);
        this.#order({ kind: "create-temporary", owner: client.owner, destination: request.destination }, now);
        return;
      case "delete-temporary":
        this.#temporaries.requireUnused(client.owner, request.destination, this.dispatcher);
        this.#order({ kind: "delete-temporary", destination: request.destination }, now);
        return;
      case "extend":
        return this.dispatcher.extend(this.#consumer(client, request.subscription), request.messages);
      case "pull":
        return this.dispatcher.pull(this.#consumer(client, request.subscription), request.count);
      case "set-prefetch":
        return this.dispatcher.setPrefetch(
          this.#consumer(client, request.subscription),
          request.prefetchCount,
        );
      case "redeliver":
        return this.#redeliver(client, request.subscription, request.messages, now);
      case "produce":
        return this.#advisories.produces(client.session, request.producer, request.destination);
      case "stop-producing":
        return this.#advisories.stopsProducing(client.session, request.producer);
      case "identify":
        return this.#identify(client, request.clientId, request.connection, now);
      case "purge":
        this.#order({ kind: "purge", queue: destinationKey(request.destination) }, now);
        return;
      case "delete-destination":
        this.#advisories.removing(request.destination);
        this.#order({ kind: "delete-queue", destination: request.destination }, now);
        return;
      case "settle-down":
        return;
      default:
        assertNever(request);
    }
  }

  #send(client: ConnectedClient, message: Message, transaction: string | null, now: Moment): void {
    checkDestination(message.destination, false);
    // Confirmed like the first one: when all that was ordered so far is safe.
    if (this.#transactions.isRepeat(message, transaction)) return void (client.repeatedCount += 1);
    if (isManagement(message.destination)) return this.scheduler.manage(client.owner, message, now);
    if (scheduleKindOf(message) !== null) dueTime(message, now.wall);
    this.#order({ kind: "send", owner: client.owner, message, transaction }, now);
    client.sentCount += 1;
    if (client.producesTo.size < 100) client.producesTo.add(destinationKey(message.destination));
  }

  #subscribe(
    client: ConnectedClient,
    request: Extract<SessionRequest, { kind: "subscribe" }>,
    now: Moment,
  ): void {
    if (this.#advisories.watch(client.session, request, this.#history.broker.queues.values())) return;
    this.#subscribing.subscribe(client, request, now.wall, (command) => this.#order(command, now));
    this.#advisories.subscribed(client.session, request);
  }

  #consumer(client: ConnectedClient, subscription: string): Consumer {
    const consumer = this.dispatcher.consumer(client.session, subscription);
    if (consumer === undefined) throw new BrokerError("SUBSCRIPTION_UNKNOWN", { subscription });
    return consumer;
  }

  #unsubscribe(client: ConnectedClient, subscription: string, unseen: readonly Op[], now: Moment): void {
    if (this.#advisories.unsubscribed(client.session, subscription)) return;
    this.#consumer(client, subscription);
    this.dispatcher.remove(client.session, subscription);
    const owner = this.#history.broker.owners.get(client.owner);
    if (owner?.held.has(subscription) === true || owner?.groups.has(subscription) === true)
      this.#order({ kind: "release", owner: client.owner, subscription, unseen }, now);
  }

  #redeliver(client: ConnectedClient, subscription: string, messages: readonly Op[], now: Moment): void {
    const consumer = this.#consumer(client, subscription);
    if (!isVolatile(consumer.request))
      this.#order({ kind: "redeliver", owner: client.owner, subscription, messages }, now);
  }

  #identify(client: ConnectedClient, clientId: string | null, connection: string, now: Moment): void {
    const former = this.#names.sessionOfConnection(connection);
    if (former !== undefined && former !== client.session) {
      this.#answer(former, { kind: "close", error: null });
      this.close(former, now);
    }
    if (!this.#names.claim(client.session, clientId, connection))
      throw new BrokerError("CLIENT_ID_IN_USE", { clientId: clientId ?? "" });
    this.#advisories.connected(client.session, connection, clientId);
  }

  #settle(client: ConnectedClient, request: Extract<SessionRequest, { kind: "settle" }>, now: Moment): void {
    const { subscription, messages, outcome, transaction } = request;
    const consumer = this.#consumer(client, subscription);
    if (isVolatile(consumer.request)) {
      const unknown = messages.find((op) => !consumer.inHand.has(op));
      if (unknown !== undefined) throw new BrokerError("MESSAGE_UNKNOWN", { message: unknown });
      if (isDeath(outcome) && !consumer.request.browser) this.#deadLetterFromTopic(client, messages, now);
      this.dispatcher.settleVolatile(consumer, messages);
      return;
    }
    if (isDeath(outcome)) this.#noteDying(client, subscription, messages, outcome);
    this.#order({ kind: "settle", owner: client.owner, subscription, messages, outcome, transaction }, now);
    const count = this.dispatcher.settled(consumer, messages);
    if (transaction !== null) client.advanced.get(transaction)?.push({ consumer, count });
  }

  #noteDying(
    { owner }: ConnectedClient,
    subscription: string,
    messages: readonly Op[],
    cause: "rejected" | "expired",
  ): void {
    const held = this.#history.broker.owners.get(owner)?.held.get(subscription);
    for (const op of messages) this.#advisories.dying(held?.get(op), [op], cause);
  }

  /** A topic's message has no queue to go back to: a copy of it becomes the dead letter. */
  #deadLetterFromTopic(client: ConnectedClient, messages: readonly Op[], now: Moment): void {
    for (const op of messages) {
      const message = this.content(op);
      if (message?.persistent !== true) continue;
      const properties = new Map(message.properties).set(
        "originalDestination",
        destinationKey(message.destination),
      );
      const copy: Message = { ...message, destination: deadLetterQueue, expiresAt: null, properties };
      this.#order({ kind: "send", owner: client.owner, message: copy, transaction: null }, now);
    }
  }

  /** Makes an admitted command an entry; throws what stands against it. */
  #order(command: Command, now: Moment): void {
    const refusal = admit(this.#history.broker, command);
    if (refusal !== null) throw refusal;
    const entry = this.#history.order(command, now);
    const message = contentOf(command);
    if (message === null) return;
    this.#advisories.used(message.destination);
    this.#recent.add(entry.op, message, entry.bytes);
  }

  #announce(command: Extract<Command, { kind: "deliver" }>): void {
    const queue = this.#history.broker.queues.get(command.queue);
    const session = sessionOf(command.owner);
    const source = queue === undefined ? null : queue.destination;
    const firsts = new Set(command.groups?.changes.map((change) => change.op));
    for (const op of command.messages) {
      const message = queue?.get(op);
      const isFirstOfGroup = firsts.has(op);
      if (message !== undefined)
        this.#hand(session, command.subscription, op, source, { ...message, isFirstOfGroup });
    }
  }

  #hand(
    session: SessionId,
    subscription: string,
    id: Op,
    source: Destination | null,
    {
      deliveryCount,
      deadLetter,
      isFirstOfGroup,
    }: Pick<QueuedMessage, "deliveryCount" | "deadLetter"> & { readonly isFirstOfGroup: boolean },
  ): void {
    this.#outbox.add({
      after: this.#history.head.op,
      session,
      answer: { kind: "deliver-entry", subscription, id, source, deliveryCount, deadLetter, isFirstOfGroup },
    });
  }

  #answer(session: SessionId, answer: SessionAnswer): void {
    this.#outbox.add({ after: this.#history.head.op, session, answer });
  }

  #complete({ session, answer }: WaitingAnswer): SessionAnswer | null {
    if (!this.clients.has(session) && answer.kind !== "close") return null;
    if (answer.kind !== "deliver-entry") return answer;
    const content = this.content(answer.id);
    // Its queue was deleted while the delivery waited: there is nothing to hand over any more.
    if (content === null) return null;
    const { subscription, id, deliveryCount, deadLetter, isFirstOfGroup } = answer;
    const consumer = this.dispatcher.consumer(session, subscription);
    const source =
      answer.source ?? partRead(consumer?.request.destination ?? content.destination, content.destination);
    const message = isTopic(source)
      ? asSubscribersSee(content, consumer?.replayed.has(id) === true)
      : content;
    return { kind: "deliver", subscription, id, message, source, deliveryCount, deadLetter, isFirstOfGroup };
  }
}

function isDeath(outcome: SettleOutcome): outcome is "rejected" | "expired" {
  return outcome === "rejected" || outcome === "expired";
}
