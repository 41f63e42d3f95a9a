import { asOp, type Op } from "../base/units.ts";
import type { Statements } from "./store-statements.ts";

/** What the database holds one of each: the term, and what a checkpoint is of besides its rows. */
export class Settings {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  set(name: string, value: number | string | Uint8Array | null): void {
    this.#statements.set.run(name, value);
  }

  /** 0 where there is none. */
  number(name: string): number {
    return Number(this.#value(name) ?? 0);
  }

  text(name: string): string | null {
    const value = this.#value(name);
    return typeof value === "string" ? value : null;
  }

  blob(name: string): Buffer | null {
    const value = this.#value(name);
    return Buffer.isBuffer(value) ? value : null;
  }

  /** Contents of messages sent up to this entry are in the database. Older stores had all of a checkpoint's there. */
  get contentsThrough(): Op {
    return asOp(Number(this.#value("contents_through") ?? this.number("checkpoint_op")));
  }

  #value(name: string): unknown {
    return (this.#statements.get.get(name) as { value: unknown } | undefined)?.value;
  }
}
