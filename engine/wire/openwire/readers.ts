import { perFormat } from "./format.ts";
import type { OpenWireFormat } from "./format.ts";
import { absentOf } from "./frames.ts";
import type { DataStructure } from "./frames.ts";
import type { FrameInput } from "./input.ts";
import type { Field, Kind, Long, StackTraceElement, Throwable, TypeNames } from "./kinds.ts";
import { malformed } from "./text.ts";
import { hasField, mayStand, rowOfCode } from "./types.ts";
import type { DataTypeRow } from "./types.ts";

/**
 * Turns the table into functions that read: one per type and way of writing, made when it is first seen and shared by
 * all connections. What a version lacks, which encoding and whether there is a cache is decided when they are made and
 * not with each frame.
 */

type Read<T> = (input: FrameInput) => T;

/** What differs between the encodings. */
interface Encoding {
  /** A boolean; also whether what follows is there at all. */
  readonly flag: Read<boolean>;
  readonly string: Read<string | null>;
  readonly long: Read<Long>;
}

const loose: Encoding = {
  flag: (input) => input.boolean(),
  string: (input) => input.looseString(),
  long: (input) => input.i64(),
};

const tight: Encoding = {
  flag: (input) => input.bit(),
  string: (input) => input.tightString(),
  long: (input) => input.tightI64(),
};

/** The functions for one way of writing. */
export class ReaderSet {
  readonly #version: number;
  readonly #isTight: boolean;
  readonly #hasCache: boolean;
  readonly #hasStackTraces: boolean;
  readonly #encoding: Encoding;
  readonly #readers = new Array<Read<DataStructure> | null>(256).fill(null);

  constructor(format: OpenWireFormat) {
    this.#version = format.version;
    this.#isTight = format.isTight;
    this.#hasCache = format.cacheSize > 0;
    this.#hasStackTraces = format.hasStackTraces;
    this.#encoding = format.isTight ? tight : loose;
  }

  /** A whole frame behind its size. */
  readFrame(input: FrameInput): DataStructure | null {
    const code = input.u8();
    // The frame that says nothing.
    if (code === 0) return null;
    const read = this.#readerOf(code);
    if (this.#isTight) input.beginBits();
    return read(input);
  }

  #readerOf(code: number): Read<DataStructure> {
    const known = this.#readers[code];
    if (known) return known;
    const row = rowOfCode(code, this.#version);
    if (row === null) throw malformed(`OpenWire version ${this.#version} has no type ${code}`);
    const made = this.#makeReader(row);
    this.#readers[code] = made;
    return made;
  }

  #makeReader({ name: type, fields }: DataTypeRow): Read<DataStructure> {
    const present = fields.filter(([, field]) => hasField(field, this.#version));
    const names = present.map(([name]) => name);
    const reads = present.map(([name, field]) => this.#fieldReader(`${type} has no ${name}`, field));
    // A copy has all fields from the start, which is much less work than to add them one by one.
    const absent = absentOf(type);
    return (input) => {
      const object = { ...absent };
      for (let index = 0; index < names.length; index += 1) object[names[index]!] = reads[index]!(input);
      return object as unknown as DataStructure;
    };
  }

  #fieldReader(complaint: string, field: Field): Read<unknown> {
    const read = this.#kindReader(field);
    if (field.required !== true) return read;
    return (input) => {
      const value = read(input);
      if (value === null) throw malformed(complaint);
      return value;
    };
  }

  #kindReader(kind: Kind): Read<unknown> {
    const { flag, string, long } = this.#encoding;
    switch (kind.kind) {
      case "boolean":
        return flag;
      case "byte":
        return (input) => input.i8();
      case "int":
        return (input) => input.i32();
      case "long":
        return long;
      case "string":
        return string;
      case "bytes":
        return (input) => (flag(input) ? input.byteSequence() : null);
      case "idBytes":
        return (input) => (flag(input) ? Buffer.from(input.byteSequence()) : null);
      case "throwable":
        return this.#throwableReader();
      case "constant":
        return constantReader(kind.absent);
      case "nested":
        return this.#nestedReader(kind.types);
      case "cached":
        return this.#hasCache ? this.#cachedReader(kind.types) : this.#nestedReader(kind.types);
      case "array":
        return this.#arrayReader(kind.types);
    }
  }

  #nestedReader(types: TypeNames): Read<DataStructure | null> {
    const { flag } = this.#encoding;
    const allowed = this.#codesOf(types);
    return (input) => {
      if (!flag(input)) return null;
      const code = input.u8();
      const row = allowed[code];
      if (!row) throw malformed(`type ${code} stands where ${expected(types)} belongs`);
      input.enter();
      const read = this.#readerOf(code);
      const object = this.#isTight && row.mayBeFramed && input.bit() ? readFramed(input, read) : read(input);
      input.leave();
      return object;
    };
  }

  #cachedReader(types: TypeNames): Read<DataStructure | null> {
    const { flag } = this.#encoding;
    const readNested = this.#nestedReader(types);
    return (input) => {
      if (flag(input)) {
        const index = input.i16();
        const start = input.at;
        const value = readNested(input);
        input.cache.set(index, value, input.at - start);
        return value;
      }
      const value = input.cache.get(input.i16());
      if (value !== null && !mayStand(value.type, types))
        throw malformed(`a cached ${value.type} stands where ${expected(types)} belongs`);
      return value;
    };
  }

  #arrayReader(types: TypeNames): Read<readonly DataStructure[] | null> {
    const { flag } = this.#encoding;
    const readNested = this.#nestedReader(types);
    return (input) => {
      if (!flag(input)) return null;
      const elements: DataStructure[] = [];
      for (let left = readCount(input); left > 0; left -= 1) {
        const element = readNested(input);
        if (element === null) throw malformed("an element of an array is missing");
        elements.push(element);
      }
      return elements;
    };
  }

  #throwableReader(): Read<Throwable | null> {
    const { flag, string } = this.#encoding;
    const hasStackTraces = this.#hasStackTraces;
    const readThrowable = (input: FrameInput): Throwable | null => {
      if (!flag(input)) return null;
      input.enter();
      const className = string(input);
      if (className === null) throw malformed("an exception has no class name");
      const message = string(input);
      const stackTrace = hasStackTraces ? readStackTrace(input, string) : [];
      const cause = hasStackTraces ? readThrowable(input) : null;
      input.leave();
      return { className, message, stackTrace, cause };
    };
    return readThrowable;
  }

  #codesOf(types: TypeNames): readonly (DataTypeRow | null)[] {
    return Array.from({ length: 256 }, (_, code) => {
      const row = rowOfCode(code, this.#version);
      return row !== null && mayStand(row.name, types) ? row : null;
    });
  }
}

function readStackTrace(input: FrameInput, string: Read<string | null>): StackTraceElement[] {
  const count = readCount(input);
  input.countObjects(count);
  const trace: StackTraceElement[] = [];
  for (let index = 0; index < count; index += 1) {
    const className = string(input);
    const methodName = string(input);
    const fileName = string(input);
    trace.push({ className, methodName, fileName, lineNumber: input.i32() });
  }
  return trace;
}

/** A nested object in a frame of its own: with a size, its type once more and bits of its own. */
function readFramed(input: FrameInput, read: Read<DataStructure>): DataStructure {
  input.take(4);
  input.take(1);
  return input.withOwnBits(() => read(input));
}

function readCount(input: FrameInput): number {
  const count = input.i16();
  if (count < 0) throw malformed(`it has an array of ${count} elements`);
  return count;
}

function constantReader(text: string): Read<string> {
  const expectedBytes = Buffer.from(text, "latin1");
  return (input) => {
    const start = input.take(expectedBytes.length);
    if (!input.bytes.subarray(start, input.at).equals(expectedBytes))
      throw malformed(`it has other bytes where ${text} belongs`);
    return text;
  };
}

function expected(types: TypeNames): string {
  return types === "any" ? "an object" : types.join(" or ");
}

export const readersFor = perFormat((format) => new ReaderSet(format));
