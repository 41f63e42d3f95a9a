import { BrokerError } from "../base/errors.ts";
import { ByteReader, ByteWriter } from "../base/bytes.ts";
import type { DeadLetter } from "./queue.ts";

/** What a number of one byte can tell apart, besides 0. */
const entriesMax = 255;
const causes = ["rejected", "expired"] as const satisfies readonly DeadLetter["cause"][];

/**
 * What is told of a chunk's dead letters, each different one once: a message has its number here, and 0 is none. In bytes
 * it is how many there are, and of each the cause (1 byte) and the queue that it comes from.
 */
export class DeadLetterTable {
  readonly #entries: readonly DeadLetter[];
  readonly #numbers: ReadonlyMap<string, number>;

  private constructor(entries: readonly DeadLetter[]) {
    this.#entries = entries;
    this.#numbers = new Map(entries.map((entry, index) => [keyOf(entry), index + 1]));
  }

  /** `null` when there are more different ones than a table holds. */
  static of(deadLetters: Iterable<DeadLetter | null>): DeadLetterTable | null {
    const different = new Map<string, DeadLetter>();
    for (const one of deadLetters) if (one !== null) different.set(keyOf(one), one);
    return different.size > entriesMax ? null : new DeadLetterTable([...different.values()]);
  }

  /** `null` when these are not the bytes of a table. */
  static read(bytes: Uint8Array): DeadLetterTable | null {
    const reader = new ByteReader(bytes, "chunk");
    try {
      const entries: DeadLetter[] = [];
      for (let left = reader.u8(); left > 0; left -= 1) {
        const cause = causes[reader.u8()];
        if (cause === undefined) return null;
        entries.push({ from: reader.text(), cause });
      }
      return reader.atEnd ? new DeadLetterTable(entries) : null;
    } catch (error) {
      if (error instanceof BrokerError) return null;
      throw error;
    }
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  numberOf(deadLetter: DeadLetter | null): number {
    return deadLetter === null ? 0 : this.#numbers.get(keyOf(deadLetter))!;
  }

  at(number: number): DeadLetter | null {
    return number === 0 ? null : (this.#entries[number - 1] ?? null);
  }

  encode(): Uint8Array {
    const writer = new ByteWriter();
    writer.u8(this.#entries.length);
    for (const { cause, from } of this.#entries) {
      writer.u8(causes.indexOf(cause));
      writer.text(from);
    }
    return writer.take();
  }
}

function keyOf({ cause, from }: DeadLetter): string {
  return `${cause} ${from}`;
}
