import type { OperationInput } from "../../engine/control/contract.ts";
import type { MessageDetail } from "../../engine/control/views.ts";
import { CallFailed, sentenceOf, type Backend } from "../backend.ts";
import { emptyDraft, type Draft } from "../destinations/draft.ts";
import { textOfBase64 } from "../shared/base64.ts";
import type { Memory } from "../shared/remembered.ts";
import { jobIdProperty, scheduleProperties, scheduleWishes, type ScheduleWish } from "../shared/schedule.ts";

export interface Template {
  readonly name: string;
  readonly draft: Draft;
}

export type Sending =
  | { kind: "idle" }
  | { kind: "sending" }
  | { kind: "sent"; text: string }
  /** `property`: the one that the reason is about, if it is about one. */
  | { kind: "failed"; reason: string; property: string | null };

const historyMax = 50;

/** A message being written, those sent before, and those kept under a name. */
export class Composer {
  isOpen = $state(false);
  draft = $state<Draft>(emptyDraft());
  sending = $state.raw<Sending>({ kind: "idle" });
  history = $state.raw<readonly Draft[]>([]);
  templates = $state.raw<readonly Template[]>([]);
  readonly #backend: Backend;
  readonly #memory: Memory;

  constructor(backend: Backend, memory: Memory) {
    this.#backend = backend;
    this.#memory = memory;
    this.history = memory.read<Draft[]>("composer.history", []);
    this.templates = memory.read<Template[]>("composer.templates", []);
  }

  write(destination?: string): void {
    if (destination !== undefined) this.draft.destination = destination;
    this.sending = { kind: "idle" };
    this.isOpen = true;
  }

  /** The same message again, to be edited before it goes. */
  rewrite(message: MessageDetail): void {
    this.draft = draftOf(message);
    this.sending = { kind: "idle" };
    this.isOpen = true;
  }

  load(draft: Draft): void {
    // One kept by an earlier version lacks what is new.
    this.draft = { ...emptyDraft(), ...structuredClone($state.snapshot(draft)) };
    this.sending = { kind: "idle" };
  }

  keep(name: string): void {
    const template = { name, draft: $state.snapshot(this.draft) };
    this.templates = [...this.templates.filter((other) => other.name !== name), template].toSorted(
      (left, right) => left.name.localeCompare(right.name),
    );
    this.#memory.write("composer.templates", this.templates);
  }

  forget(name: string): void {
    this.templates = this.templates.filter((template) => template.name !== name);
    this.#memory.write("composer.templates", this.templates);
  }

  async send(): Promise<boolean> {
    const draft = $state.snapshot(this.draft);
    this.sending = { kind: "sending" };
    try {
      const { ids } = await this.#backend.call("send", requestOf(draft));
      const entries =
        ids.length === 1 ? `entry ${String(ids[0])}` : `entries ${String(ids[0])} to ${String(ids.at(-1))}`;
      const text =
        wishesOf(draft).length > 0
          ? `Scheduled and safe: ${entries}, for ${draft.destination}.`
          : `Sent and safe: ${entries} on ${draft.destination}.`;
      this.sending = { kind: "sent", text };
      this.#remember(draft);
      return true;
    } catch (error) {
      const property = error instanceof CallFailed ? error.context["property"] : undefined;
      this.sending = {
        kind: "failed",
        reason: sentenceOf(error),
        property: property === undefined ? null : String(property),
      };
      return false;
    }
  }

  #remember(draft: Draft): void {
    const text = JSON.stringify(draft);
    this.history = [draft, ...this.history.filter((other) => JSON.stringify(other) !== text)].slice(
      0,
      historyMax,
    );
    this.#memory.write("composer.history", this.history);
  }
}

/** What of the schedule is filled in. */
export function wishesOf({ schedule }: Draft): ScheduleWish[] {
  return scheduleWishes.filter((wish) => schedule[wish].trim() !== "");
}

export function requestOf(draft: Draft): OperationInput<"send"> {
  const named = draft.headers.filter((header) => header.name.trim() !== "");
  return {
    name: draft.destination,
    body: draft.body,
    encoding: draft.encoding,
    properties: {
      ...Object.fromEntries(named.map((header) => [header.name.trim(), header.value])),
      ...Object.fromEntries(
        wishesOf(draft).map((wish) => [scheduleProperties[wish], draft.schedule[wish].trim()]),
      ),
    },
    persistent: draft.persistent,
    priority: draft.priority,
    timeToLiveMs: draft.timeToLiveMs,
    correlationId: emptyIsNull(draft.correlationId),
    replyTo: emptyIsNull(draft.replyTo),
    type: emptyIsNull(draft.type),
    count: draft.count,
  };
}

export function draftOf(message: MessageDetail): Draft {
  const isText = !["bytes", "stream", "object"].includes(message.bodyKind);
  return {
    ...emptyDraft(message.deadLetter?.from ?? message.destination),
    body: isText ? textOfBase64(message.bodyBase64) : message.bodyBase64,
    encoding: isText ? "text" : "base64",
    // The job is over: one that names it would not be scheduled again.
    headers: message.properties
      .filter(({ name }) => name !== jobIdProperty)
      .map(({ name, value }) => ({ name, value })),
    persistent: message.persistent,
    priority: message.priority,
    correlationId: message.correlationId ?? "",
    replyTo: message.replyTo ?? "",
    type: message.type ?? "",
  };
}

function emptyIsNull(text: string): string | null {
  return text.trim() === "" ? null : text.trim();
}
