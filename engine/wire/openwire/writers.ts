import { BrokerError } from "../../base/errors.ts";
import { perFormat } from "./format.ts";
import type { OpenWireFormat } from "./format.ts";
import type { Sparse } from "./frames.ts";
import type { Field, Kind, Long, StackTraceElement, Throwable } from "./kinds.ts";
import type { FrameOutput } from "./output.ts";
import { hasField, rowsByName } from "./types.ts";
import type { DataTypeRow } from "./types.ts";

/** The other direction of `readers.ts`: the same table turned into functions that write. */

type Write<T> = (output: FrameOutput, value: T) => void;
type Entry = Readonly<Record<string, unknown>>;

interface TypeWriter {
  readonly code: number;
  readonly mayBeFramed: boolean;
  readonly write: Write<Sparse>;
  /** How many bytes the bits of the last such frame took. */
  bitsBytes: number;
}

interface Encoding {
  readonly flag: Write<boolean>;
  readonly string: Write<string | null>;
  readonly long: Write<Long>;
}

const loose: Encoding = {
  flag: (output, value) => output.u8(value ? 1 : 0),
  string: (output, value) => output.looseString(value),
  long: (output, value) => output.i64(value),
};

const tight: Encoding = {
  flag: (output, value) => output.bit(value),
  string: (output, value) => output.tightString(value),
  long: (output, value) => output.tightI64(value),
};

/** Messages of exceptions quote what clients sent; longer ones would not fit a text of the tight encoding. */
const messageCharactersMax = 8_000;

export class WriterSet {
  readonly #version: number;
  readonly #isTight: boolean;
  readonly #hasCache: boolean;
  readonly #hasStackTraces: boolean;
  readonly #encoding: Encoding;
  readonly #writers = new Map<string, TypeWriter>();

  constructor(format: OpenWireFormat) {
    this.#version = format.version;
    this.#isTight = format.isTight;
    this.#hasCache = format.cacheSize > 0;
    this.#hasStackTraces = format.hasStackTraces;
    this.#encoding = format.isTight ? tight : loose;
  }

  /** A whole frame behind its size. */
  writeFrame(output: FrameOutput, object: Sparse): void {
    const writer = this.#writerOf(object.type);
    output.u8(writer.code);
    if (!this.#isTight) {
      writer.write(output, object);
      return;
    }
    const bitsAt = output.skip(writer.bitsBytes);
    writer.write(output, object);
    writer.bitsBytes = output.putBits(bitsAt, writer.bitsBytes);
  }

  #writerOf(type: string): TypeWriter {
    let writer = this.#writers.get(type);
    if (writer === undefined) {
      writer = this.#makeWriter(type);
      this.#writers.set(type, writer);
    }
    return writer;
  }

  #makeWriter(type: string): TypeWriter {
    const row = rowsByName.get(type);
    if (row === undefined || row.since > this.#version)
      throw new BrokerError("NOT_SUPPORTED", { what: `${type} in OpenWire version ${this.#version}` });
    const fields = row.fields.filter(([, field]) => hasField(field, this.#version));
    const names = fields.map(([name]) => name);
    const absent = fields.map(([, field]) => field.absent);
    const writes = fields.map(([, field]) => this.#fieldWriter(field) as Write<unknown>);
    return {
      code: row.code,
      mayBeFramed: row.mayBeFramed,
      write: (output, object) => {
        const entries = object as unknown as Entry;
        for (let index = 0; index < names.length; index += 1) {
          const value = entries[names[index]!];
          writes[index]!(output, value === undefined ? absent[index] : value);
        }
      },
      bitsBytes: 1,
    };
  }

  #fieldWriter(kind: Kind): unknown {
    const { flag, string, long } = this.#encoding;
    switch (kind.kind) {
      case "boolean":
        return flag;
      case "byte":
        return (output: FrameOutput, value: number) => output.u8(value);
      case "int":
        return (output: FrameOutput, value: number) => output.i32(value);
      case "long":
        return long;
      case "string":
        return string;
      case "bytes":
      case "idBytes":
        return (output: FrameOutput, value: Uint8Array | null) => {
          flag(output, value !== null);
          if (value !== null) output.byteSequence(value);
        };
      case "throwable":
        return this.#throwableWriter();
      case "constant":
        return (output: FrameOutput, value: string) => output.raw(Buffer.from(value, "latin1"));
      case "nested":
        return this.#nestedWriter();
      case "cached":
        return this.#hasCache ? this.#cachedWriter() : this.#nestedWriter();
      case "array":
        return this.#arrayWriter();
    }
  }

  #nestedWriter(): Write<Sparse | null> {
    const { flag } = this.#encoding;
    return (output, object) => {
      flag(output, object !== null);
      if (object === null) return;
      const writer = this.#writerOf(object.type);
      output.u8(writer.code);
      // It never stands in a frame of its own here.
      if (this.#isTight && writer.mayBeFramed) output.bit(false);
      writer.write(output, object);
    };
  }

  #cachedWriter(): Write<Sparse | null> {
    const { flag } = this.#encoding;
    const writeNested = this.#nestedWriter();
    return (output, object) => {
      const key = object === null ? "" : keyOf(object);
      const known = output.cache.find(key);
      flag(output, known === undefined);
      if (known !== undefined) {
        output.u16(known);
        return;
      }
      // Java numbers the object before what is in it when it writes loosely, and after it when it writes tightly.
      const index = this.#isTight ? null : output.cache.add(key);
      const indexAt = output.skip(2);
      writeNested(output, object);
      output.setI16(indexAt, index ?? output.cache.add(key));
    };
  }

  #arrayWriter(): Write<readonly Sparse[] | null> {
    const { flag } = this.#encoding;
    const writeNested = this.#nestedWriter();
    return (output, elements) => {
      flag(output, elements !== null);
      if (elements === null) return;
      writeCount(output, elements.length);
      for (const element of elements) writeNested(output, element);
    };
  }

  #throwableWriter(): Write<Throwable | null> {
    const { flag, string } = this.#encoding;
    const writeThrowable: Write<Throwable | null> = (output, value) => {
      flag(output, value !== null);
      if (value === null) return;
      string(output, value.className);
      string(output, value.message?.slice(0, messageCharactersMax) ?? null);
      if (!this.#hasStackTraces) return;
      writeStackTrace(output, value.stackTrace, string);
      writeThrowable(output, value.cause);
    };
    return writeThrowable;
  }
}

function writeStackTrace(
  output: FrameOutput,
  trace: readonly StackTraceElement[],
  string: Write<string | null>,
): void {
  writeCount(output, trace.length);
  for (const element of trace) {
    string(output, element.className);
    string(output, element.methodName);
    string(output, element.fileName);
    output.i32(element.lineNumber);
  }
}

function writeCount(output: FrameOutput, count: number): void {
  if (count > 32_767) throw new BrokerError("LIMIT_REACHED", { limit: 32_767, what: "elements in an array" });
  output.u16(count);
}

/** Ids and destinations are written with every message; the objects they are stay the same. */
const keys = new WeakMap<Sparse, string>();
const keyFunctions = new Map<string, (object: Entry) => string>();

/** A text that equal objects have in common, and only they. */
function keyOf(object: Sparse): string {
  const known = keys.get(object);
  if (known !== undefined) return known;
  let make = keyFunctions.get(object.type);
  if (make === undefined) {
    make = keyFunction(rowsByName.get(object.type)!);
    keyFunctions.set(object.type, make);
  }
  const key = make(object);
  keys.set(object, key);
  return key;
}

function keyFunction({ code, fields }: DataTypeRow): (object: Entry) => string {
  return (object) => {
    let key = String(code);
    for (const [name, field] of fields) {
      const part = keyPart(field, object[name] ?? field.absent);
      key += `,${part.length}:${part}`;
    }
    return key;
  };
}

function keyPart(field: Field, value: unknown): string {
  if (value === null) return "";
  if (field.kind === "idBytes") return Buffer.from(value as Uint8Array).toString("latin1");
  return typeof value === "object" ? keyOf(value as Sparse) : `${value as string | Long}`;
}

export const writersFor = perFormat((format) => new WriterSet(format));
