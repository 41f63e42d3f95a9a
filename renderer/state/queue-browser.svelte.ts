import type { MessageDetail, MessageSummary } from "../../engine/control/views.ts";
import { sentenceOf, type Backend } from "../backend.ts";

const messagesPerPage = 200;

export type Reading = { kind: "idle" } | { kind: "reading" } | { kind: "failed"; reason: string };

/** Messages of one queue, page by page by cursor, without consuming any; and the one that is open. */
export class QueueBrowser {
  destination = $state<string | null>(null);
  messages = $state.raw<readonly MessageSummary[]>([]);
  /** `null`: the last page has been read. */
  cursor = $state<string | null>(null);
  reading = $state.raw<Reading>({ kind: "idle" });
  opened = $state.raw<MessageDetail | null>(null);
  readonly #backend: Backend;
  /** Answers to an older question are not shown: of the list, and of one message. */
  #question = 0;
  #openQuestion = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async select(name: string | null): Promise<void> {
    this.destination = name;
    this.#openQuestion += 1;
    this.opened = null;
    this.messages = [];
    this.cursor = null;
    if (name !== null) await this.reload();
  }

  async reload(): Promise<void> {
    if (this.destination !== null) await this.#read(this.destination, null);
  }

  async more(): Promise<void> {
    if (this.destination === null || this.cursor === null || this.reading.kind === "reading") return;
    await this.#read(this.destination, this.cursor);
  }

  async open(id: number): Promise<void> {
    if (this.destination === null) return;
    const question = (this.#openQuestion += 1);
    try {
      const message = await this.#backend.call("getMessage", { name: this.destination, id });
      if (question === this.#openQuestion) this.opened = message;
    } catch (error) {
      // Consumed since the list was read, most of the time.
      this.reading = { kind: "failed", reason: sentenceOf(error) };
    }
  }

  close(): void {
    this.opened = null;
  }

  async #read(name: string, cursor: string | null): Promise<void> {
    const question = (this.#question += 1);
    this.reading = { kind: "reading" };
    try {
      const page = await this.#backend.call("browse", {
        name,
        limit: messagesPerPage,
        ...(cursor === null ? {} : { cursor }),
      });
      if (question !== this.#question) return;
      this.messages = cursor === null ? page.messages : [...this.messages, ...page.messages];
      this.cursor = page.cursor;
      this.reading = { kind: "idle" };
    } catch (error) {
      if (question === this.#question) this.reading = { kind: "failed", reason: sentenceOf(error) };
    }
  }
}
