import type { Op } from "../base/units.ts";
import type { Contents } from "./contents.ts";
import { propertyText, type Message, type PropertyValue } from "./message.ts";

/** ActiveMQ's properties: what a sender asks for, and what a message says that came because somebody had asked for it. */
const asking = "ActiveMQ.Retain";
const answering = "ActiveMQ.Retained";

/** What becomes of the message that a topic keeps: this one takes its place, or, as it has no body, none does. */
export type Retention = "keep" | "drop";

export function retentionOf({ properties, body }: Pick<Message, "properties" | "body">): Retention | null {
  const wish = properties.get(asking);
  if (wish === undefined || propertyText(wish).toLowerCase() !== "true") return null;
  return body.length > 0 ? "keep" : "drop";
}

/** A message as the subscribers of its topic see it; `isReplay`: it was there before they were. */
export function asSubscribersSee(message: Message, isReplay: boolean): Message {
  if (!message.properties.has(asking)) return message;
  const properties = new Map<string, PropertyValue>(message.properties);
  properties.delete(asking);
  if (isReplay) properties.set(answering, true);
  return { ...message, properties };
}

/** The last message of each topic that was sent to be kept, for retroactive consumers to come. */
export class Retained {
  readonly #contents: Contents;
  readonly #byTopic = new Map<string, Op>();

  constructor(contents: Contents) {
    this.#contents = contents;
  }

  get size(): number {
    return this.#byTopic.size;
  }

  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  /** By the key of the topic. */
  entries(): IterableIterator<[string, Op]> {
    return this.#byTopic.entries();
  }

  ops(): IterableIterator<Op> {
    return this.#byTopic.values();
  }

  keep(topic: string, op: Op): void {
    this.#contents.hold(op);
    this.drop(topic);
    this.#byTopic.set(topic, op);
  }

  drop(topic: string): void {
    const op = this.#byTopic.get(topic);
    if (op === undefined) return;
    this.#byTopic.delete(topic);
    this.#contents.letGo(op);
  }

  /** As a checkpoint had it; references are counted apart. */
  restore(topic: string, op: Op): void {
    this.#byTopic.set(topic, op);
  }
}
