import { limits } from "../../base/limits.ts";
import type { Long } from "./frames.ts";
import { FrameInput } from "./input.ts";
import { FrameOutput } from "./output.ts";
import { malformed, readText } from "./text.ts";

/**
 * Values with their Java type before them: in the properties of messages and of `WireFormatInfo`, in the bodies of map
 * and stream messages. A number's type is kept, since a client that reads an int as a short gets an error.
 */
export type Primitive =
  | { readonly type: "null"; readonly value: null }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "byte" | "short" | "int" | "float" | "double"; readonly value: number }
  | { readonly type: "long"; readonly value: Long }
  /** One UTF-16 unit. */
  | { readonly type: "char"; readonly value: string }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "bytes"; readonly value: Uint8Array }
  | { readonly type: "map"; readonly value: PrimitiveMap }
  | { readonly type: "list"; readonly value: readonly Primitive[] };

export type PrimitiveMap = ReadonlyMap<string, Primitive>;

/** Longer texts are written with a size of four bytes. */
const shortTextCount = 8_191;

const codes = {
  null: 0,
  boolean: 1,
  byte: 2,
  char: 3,
  short: 4,
  int: 5,
  long: 6,
  double: 7,
  float: 8,
  string: 9,
  bytes: 10,
  map: 11,
  list: 12,
} as const satisfies Record<Primitive["type"], number>;
const bigStringCode = 13;

/** The map in these bytes; a map that was written as "none" is empty. */
export function decodePrimitiveMap(bytes: Uint8Array): PrimitiveMap {
  const input = inputOf(bytes);
  return readMap(input);
}

export function encodePrimitiveMap(map: PrimitiveMap): Buffer {
  const output = new FrameOutput();
  writeMap(output, map);
  return output.take();
}

/** Values one behind the other, as in a stream message. */
export function decodePrimitives(bytes: Uint8Array): readonly Primitive[] {
  const input = inputOf(bytes);
  const values: Primitive[] = [];
  while (input.at < input.end) values.push(readPrimitive(input));
  return values;
}

export function encodePrimitives(values: readonly Primitive[]): Buffer {
  const output = new FrameOutput();
  for (const value of values) writePrimitive(output, value);
  return output.take();
}

function inputOf(bytes: Uint8Array): FrameInput {
  const input = new FrameInput(limits.openwireValuesPerMapMax);
  input.begin(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
  return input;
}

function readMap(input: FrameInput): PrimitiveMap {
  const map = new Map<string, Primitive>();
  for (let left = input.i32(); left > 0; left -= 1) map.set(input.text(), readPrimitive(input));
  return map;
}

function readPrimitive(input: FrameInput): Primitive {
  input.enter();
  const code = input.u8();
  const read = readers[code];
  if (read === undefined) throw malformed(`there is no type ${code} of a value`);
  const value = read(input);
  input.leave();
  return value;
}

const readers: readonly ((input: FrameInput) => Primitive)[] = [
  () => ({ type: "null", value: null }),
  (input) => ({ type: "boolean", value: input.boolean() }),
  (input) => ({ type: "byte", value: input.i8() }),
  (input) => ({ type: "char", value: String.fromCharCode(input.u16()) }),
  (input) => ({ type: "short", value: input.i16() }),
  (input) => ({ type: "int", value: input.i32() }),
  (input) => ({ type: "long", value: input.i64() }),
  (input) => ({ type: "double", value: input.bytes.readDoubleBE(input.take(8)) }),
  (input) => ({ type: "float", value: input.bytes.readFloatBE(input.take(4)) }),
  (input) => ({ type: "string", value: input.text() }),
  (input) => ({ type: "bytes", value: input.byteSequence() }),
  (input) => ({ type: "map", value: readMap(input) }),
  (input) => ({ type: "list", value: readList(input) }),
  (input) => ({ type: "string", value: readBigText(input) }),
];

function readList(input: FrameInput): Primitive[] {
  const list: Primitive[] = [];
  for (let left = input.i32(); left > 0; left -= 1) list.push(readPrimitive(input));
  return list;
}

function readBigText(input: FrameInput): string {
  const bytes = input.byteSequence();
  return readText(bytes, 0, bytes.length);
}

function writeMap(output: FrameOutput, map: PrimitiveMap): void {
  output.i32(map.size);
  for (const [name, value] of map) {
    output.shortText(name);
    writePrimitive(output, value);
  }
}

function writePrimitive(output: FrameOutput, primitive: Primitive): void {
  if (primitive.type === "string") {
    const isShort = primitive.value.length < shortTextCount;
    output.u8(isShort ? codes.string : bigStringCode);
    if (isShort) output.shortText(primitive.value);
    else output.longText(primitive.value);
    return;
  }
  output.u8(codes[primitive.type]);
  switch (primitive.type) {
    case "null":
      return;
    case "boolean":
      return output.u8(primitive.value ? 1 : 0);
    case "byte":
      return output.u8(primitive.value);
    case "char":
      return output.u16(primitive.value.charCodeAt(0));
    case "short":
      return output.u16(primitive.value);
    case "int":
      return output.i32(primitive.value);
    case "long":
      return output.i64(primitive.value);
    case "double":
      return output.f64(primitive.value);
    case "float":
      return output.f32(primitive.value);
    case "bytes":
      return output.byteSequence(primitive.value);
    case "map":
      return writeMap(output, primitive.value);
    case "list":
      output.i32(primitive.value.length);
      for (const element of primitive.value) writePrimitive(output, element);
  }
}
