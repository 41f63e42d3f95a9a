import { BrokerError } from "../base/errors.ts";
import { asWallTime, type Op } from "../base/units.ts";
import { plainWishes, type SessionAnswer, type SessionId, type SessionRequest } from "../core/dialogue.ts";
import {
  destinationKey,
  parseDestinationKey,
  propertyText,
  type Destination,
  type Message,
} from "../core/message.ts";
import type { DestinationView, MessageDetail, MessageSummary, OutgoingMessage } from "../control/views.ts";
import { browse, countQueues, find, queueOf, type Sighting } from "../node/inspection.ts";
import type { NodeOperation } from "../supervisor/channel.ts";
import { readClocks } from "./clock.ts";
import type { NodeLoop } from "./loop.ts";
import { preview, readableBody } from "./readable-body.ts";
import { positionOf } from "./reports.ts";

/** Opens and closes sessions inside the process; answers come to the function given. */
export interface InnerDesk {
  open(answer: (answer: SessionAnswer) => void): SessionId;
  close(session: SessionId): void;
}

/** What people and scripts ask of the active node through the control API; see {@link NodeOperation} for the answers. */
export class Operations {
  readonly #loop: NodeLoop;
  readonly #desk: InnerDesk;
  readonly #asked = new Map<number, AbortController>();

  constructor(loop: NodeLoop, desk: InnerDesk) {
    this.#loop = loop;
    this.#desk = desk;
  }

  async perform(request: number, operation: NodeOperation): Promise<unknown> {
    const asked = new AbortController();
    this.#asked.set(request, asked);
    try {
      return await this.#perform(operation, asked.signal);
    } finally {
      this.#asked.delete(request);
    }
  }

  /** Whoever asked is gone. */
  withdraw(request: number): void {
    this.#asked.get(request)?.abort();
  }

  async #perform(operation: NodeOperation, gone: AbortSignal): Promise<unknown> {
    const { node } = this.#loop;
    if (operation.kind === "position") return positionOf(node);
    if (node.active === null)
      throw new BrokerError("NOT_ACTIVE", { node: node.options.name, state: node.state.kind });
    switch (operation.kind) {
      case "destinations":
        return {
          destinations: countQueues(node).map((count): DestinationView => ({
            ...count,
            producers: 0,
            inPerSecond: 0,
            outPerSecond: 0,
          })),
        };
      case "browse": {
        const { seen, cursor } = browse(node, operation.destination, operation.cursor, operation.limit);
        return { messages: seen.map(summaryOfSighting), cursor };
      }
      case "message":
        return detail(
          find(node, operation.destination, operation.id),
          operation.destination,
          node.options.name,
        );
      case "send":
        return { ids: await this.#send(operation.destination, operation.message) };
      case "receive":
        return { messages: await this.#receive(operation, gone) };
      case "purge":
        return { purged: await this.#purge(operation.destination) };
    }
  }

  /** Sends `count` equal messages; resolves with their ids once all are safe. */
  async #send(destination: Destination, outgoing: OutgoingMessage): Promise<number[]> {
    const message = toMessage(destination, outgoing);
    const ids: number[] = [];
    await this.#converse(async (ask) => {
      const answers: Promise<SessionAnswer>[] = [];
      for (let count = 0; count < outgoing.count; count += 1) {
        // Its time may be one more entry, behind it.
        ids.push(this.#loop.node.history.head.op + 1);
        answers.push(ask({ kind: "send", message, transaction: null }));
      }
      await Promise.all(answers);
    });
    return ids;
  }

  async #receive(
    { destination, count, timeoutMs }: Extract<NodeOperation, { kind: "receive" }>,
    gone: AbortSignal,
  ): Promise<MessageDetail[]> {
    const received: Extract<SessionAnswer, { kind: "deliver" }>[] = [];
    let wake = (): void => undefined;
    const enough = new Promise<void>((resolve) => (wake = resolve));
    await this.#converse(
      async (ask) => {
        await ask({
          kind: "subscribe",
          subscription: "receive",
          destination,
          ackMode: "client-individual",
          prefetchCount: count,
          ...plainWishes,
        });
        // What is there already comes before this is confirmed, however short the time-out.
        await ask({ kind: "settle-down" });
        const timer = setTimeout(wake, timeoutMs);
        gone.addEventListener("abort", wake);
        if (!gone.aborted) await enough;
        clearTimeout(timer);
        // What is not settled goes back when the session is closed.
        if (gone.aborted) received.length = 0;
        const messages = received.map(({ id }) => id);
        if (messages.length > 0)
          await ask({
            kind: "settle",
            subscription: "receive",
            messages,
            outcome: "accepted",
            transaction: null,
          });
      },
      (delivery) => {
        if (received.length < count) received.push(delivery);
        if (received.length === count) wake();
      },
    );
    return received.map((delivery) => deliveredDetail(delivery, destination));
  }

  async #purge(destination: Destination): Promise<number> {
    const count = queueOf(this.#loop.node, destination).waitingCount;
    await this.#converse(async (ask) => {
      await ask({ kind: "purge", destination });
    });
    return count;
  }

  /** Opens a session, lets `talk` ask, and closes it. Answers come when all is safe, as for any client. */
  async #converse(
    talk: (ask: (request: SessionRequest) => Promise<SessionAnswer>) => Promise<void>,
    onDelivery: (delivery: Extract<SessionAnswer, { kind: "deliver" }>) => void = () => undefined,
  ): Promise<void> {
    const waiting = new Map<
      number,
      { resolve: (answer: SessionAnswer) => void; reject: (error: Error) => void }
    >();
    let lastReceipt = 0;
    const session = this.#desk.open((answer) => {
      if (answer.kind === "deliver") return onDelivery(answer);
      if (answer.kind === "close") {
        const gone = new BrokerError("NOT_ACTIVE", { node: this.#loop.node.options.name, state: "stopping" });
        for (const { reject } of waiting.values()) reject(gone);
        return;
      }
      if (answer.kind !== "confirm" && answer.kind !== "refuse") return;
      const asker = waiting.get(answer.receipt);
      waiting.delete(answer.receipt);
      if (answer.kind === "confirm") asker?.resolve(answer);
      else asker?.reject(answer.error);
    });
    try {
      await talk((request) => {
        lastReceipt += 1;
        const receipt = lastReceipt;
        return new Promise((resolve, reject) => {
          waiting.set(receipt, { resolve, reject });
          this.#loop.give({ kind: "asked", session, request, receipt });
        });
      });
    } finally {
      this.#desk.close(session);
    }
  }
}

function toMessage(destination: Destination, outgoing: OutgoingMessage): Message {
  const { wall } = readClocks();
  const isText = outgoing.encoding === "text";
  return {
    destination,
    body: Buffer.from(outgoing.body, isText ? "utf8" : "base64"),
    bodyKind: isText ? "text" : "bytes",
    properties: new Map(Object.entries(outgoing.properties)),
    persistent: outgoing.persistent,
    priority: outgoing.priority,
    expiresAt: outgoing.timeToLiveMs === null ? null : asWallTime(wall + outgoing.timeToLiveMs),
    sentAt: wall,
    correlationId: outgoing.correlationId,
    replyTo: outgoing.replyTo === null ? null : readDestination(outgoing.replyTo),
    type: outgoing.type,
    isCompressed: false,
    origin: null,
    group: null,
    userId: null,
  };
}

function readDestination(key: string): Destination {
  const destination = parseDestinationKey(key);
  if (destination !== null) return destination;
  const detail = "a reply-to should look like answers, queue://answers or topic://answers";
  throw new BrokerError("DESTINATION_INVALID", { destination: key, detail });
}

interface Seen {
  readonly id: Op;
  readonly message: Message;
  readonly deliveryCount: number;
  readonly heldBy: string | null;
}

function summaryOfSighting({ queued, message, heldBy }: Sighting): MessageSummary {
  return summary({ id: queued.op, message, deliveryCount: queued.deliveryCount, heldBy });
}

function summary({ id, message, deliveryCount, heldBy }: Seen): MessageSummary {
  return {
    id,
    messageId: `ID:understudy-${id}`,
    bodyBytes: message.body.length,
    preview: preview(message),
    priority: message.priority,
    persistent: message.persistent,
    sentAt: message.sentAt,
    expiresAt: message.expiresAt,
    deliveryCount,
    heldBy,
  };
}

function detail(sighting: Sighting, destination: Destination, broker: string): MessageDetail {
  const { queued, message, heldBy } = sighting;
  const fate: MessageDetail["fate"] = [
    { step: "accepted", at: message.sentAt, detail: `as journal entry ${queued.op}` },
    { step: "stored", at: null, detail: `by the ${broker}` },
  ];
  if (queued.deadLetter !== null)
    fate.push({
      step: "dead-lettered",
      at: null,
      detail: `${queued.deadLetter.cause} on ${queued.deadLetter.from}`,
    });
  if (queued.deliveryCount > 0)
    fate.push({
      step: queued.deliveryCount > 1 ? "redelivered" : "delivered",
      at: null,
      detail: `${queued.deliveryCount} times`,
    });
  fate.push({
    step: heldBy === null ? "waiting" : "with a consumer",
    at: null,
    detail: heldBy ?? "for a consumer",
  });
  return {
    ...summaryOfSighting(sighting),
    ...content(message, destination),
    deadLetter: queued.deadLetter,
    fate,
  };
}

function deliveredDetail(
  delivery: Extract<SessionAnswer, { kind: "deliver" }>,
  destination: Destination,
): MessageDetail {
  const { id, message, deliveryCount, deadLetter } = delivery;
  return {
    ...summary({ id, message, deliveryCount, heldBy: null }),
    ...content(message, destination),
    deadLetter,
    fate: [{ step: "received", at: null, detail: "and taken off the queue" }],
  };
}

function content(
  message: Message,
  destination: Destination,
): Pick<
  MessageDetail,
  "destination" | "properties" | "correlationId" | "replyTo" | "type" | "bodyKind" | "bodyBase64"
> {
  return {
    destination: destinationKey(destination),
    properties: [...message.properties].map(([name, value]) => ({
      name,
      value: propertyText(value),
      type: value === null ? "null" : typeof value === "object" ? value.type : typeof value,
    })),
    correlationId: message.correlationId,
    replyTo: message.replyTo === null ? null : destinationKey(message.replyTo),
    type: message.type,
    bodyKind: message.bodyKind,
    bodyBase64: Buffer.from(readableBody(message)).toString("base64"),
  };
}
