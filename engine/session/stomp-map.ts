import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import type { Primitive, PrimitiveMap } from "../wire/openwire/primitives.ts";

/**
 * Map messages as ActiveMQ's `jms-map-json` has them, which is XML in the shape of JSON: an entry holds its key and its
 * value, each under the name of its type, and in a list where both are strings. What there is once stands alone, what
 * there is several times in a list: `{"map":{"entry":[{"string":["name","Ada"]},{"string":"age","int":36}]}}`.
 */

type Type = Primitive["type"];

/** Types by their names in JSON, where those differ. */
const names: Partial<Record<Type, string>> = { bytes: "byte-array" };

/** Nothing within: an element without content is written as the empty text. */
const empty = "";

export function writeMapJson(map: PrimitiveMap): string {
  return JSON.stringify({ map: entriesOf(map) });
}

function entriesOf(map: PrimitiveMap): unknown {
  const entries = Array.from(map, ([key, value]) =>
    value.type === "string"
      ? { string: [key, value.value] }
      : { string: key, [nameOf(value)]: plainOf(value) },
  );
  return entries.length === 0 ? empty : { entry: onceOrList(entries) };
}

function plainOf(primitive: Primitive): unknown {
  switch (primitive.type) {
    case "null":
      return empty;
    case "bytes":
      return Buffer.from(primitive.value).toString("base64");
    case "long":
      // Beyond what every reader of JSON reads exactly, its digits as a text.
      return Number.isSafeInteger(Number(primitive.value))
        ? Number(primitive.value)
        : String(primitive.value);
    case "float":
    case "double":
      return Number.isFinite(primitive.value) ? primitive.value : String(primitive.value);
    case "map":
      return entriesOf(primitive.value);
    case "list": {
      const byName = Map.groupBy(primitive.value, nameOf);
      if (byName.size === 0) return empty;
      return Object.fromEntries(Array.from(byName, ([name, all]) => [name, onceOrList(all.map(plainOf))]));
    }
    default:
      return primitive.value;
  }
}

function nameOf({ type }: Primitive): string {
  return names[type] ?? type;
}

function onceOrList(values: readonly unknown[]): unknown {
  return values.length === 1 ? values[0] : values;
}

/** Throws FRAME_MALFORMED, which says what is wrong. */
export function readMapJson(body: Uint8Array): PrimitiveMap {
  if (body.length > limits.mapJsonBytesMax)
    throw malformed(`it has ${body.length} bytes, more than ${limits.mapJsonBytesMax}`);
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString());
  } catch (error) {
    throw malformed((error as Error).message);
  }
  const [root, ...others] = fieldsOf(json);
  if (root?.[0] !== "map" || others.length > 0) throw malformed('it is to be {"map":{"entry":…}}');
  return new Reader().map(root[1], 1);
}

const wholeRanges = {
  byte: [-0x80n, 0x7fn],
  short: [-0x8000n, 0x7fffn],
  int: [-0x8000_0000n, 0x7fff_ffffn],
  long: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
} as const;

class Reader {
  #count = 0;

  map(json: unknown, depth: number): PrimitiveMap {
    const map = new Map<string, Primitive>();
    for (const [name, content] of fieldsOf(json)) {
      if (name !== "entry") throw malformed(`a map has entries, and no ${JSON.stringify(name)}`);
      for (const entry of listOf(content)) map.set(...this.#entry(entry, depth));
    }
    return map;
  }

  #entry(json: unknown, depth: number): [string, Primitive] {
    const fields = new Map(fieldsOf(json));
    const [key, text, ...more] = listOf(fields.get("string"));
    fields.delete("string");
    const values = [...(text === undefined ? [] : [["string", text] as const]), ...fields];
    const [value, ...others] = values;
    if (key === undefined || value === undefined || more.length + others.length > 0)
      throw malformed(`an entry has a key, which is a string, and one value: ${shown(json)}`);
    return [textOf(key), this.#value(value[0], value[1], depth)];
  }

  #value(name: string, json: unknown, depth: number): Primitive {
    this.#count += 1;
    if (this.#count > limits.openwireValuesPerMapMax)
      throw malformed(`there are more than ${limits.openwireValuesPerMapMax} values`);
    if (depth >= limits.openwireNestingMax) throw malformed(`values are nested ${depth} deep`);
    switch (name) {
      case "null":
        return { type: "null", value: null };
      case "string":
        return { type: "string", value: textOf(json) };
      case "boolean":
        return { type: "boolean", value: booleanOf(json) };
      case "char":
        return { type: "char", value: charOf(json) };
      case "byte":
      case "short":
      case "int":
        return { type: name, value: Number(wholeOf(name, json)) };
      case "long":
        return { type: "long", value: wholeOf("long", json) };
      case "float":
      case "double":
        return { type: name, value: fractionOf(name, json) };
      case "byte-array":
        return { type: "bytes", value: Buffer.from(textOf(json), "base64") };
      case "map":
        return { type: "map", value: this.map(json, depth + 1) };
      case "list":
        return {
          type: "list",
          value: fieldsOf(json).flatMap(([type, content]) =>
            listOf(content).map((element) => this.#value(type, element, depth + 1)),
          ),
        };
      default:
        throw malformed(`no value has the type ${JSON.stringify(name)}`);
    }
  }
}

function fieldsOf(json: unknown): [string, unknown][] {
  if (json === empty) return [];
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw malformed(`an object is expected: ${shown(json)}`);
  return Object.entries(json);
}

function listOf(json: unknown): readonly unknown[] {
  if (json === undefined) return [];
  return Array.isArray(json) ? json : [json];
}

/** Writers of this form make numbers and truth values of texts that look like them. */
function textOf(json: unknown): string {
  if (typeof json !== "string" && typeof json !== "number" && typeof json !== "boolean")
    throw malformed(`a text is expected: ${shown(json)}`);
  return String(json);
}

function booleanOf(json: unknown): boolean {
  const text = textOf(json);
  if (text !== "true" && text !== "false") throw malformed(`${shown(json)} is no boolean`);
  return text === "true";
}

function charOf(json: unknown): string {
  const text = textOf(json);
  if (text.length !== 1) throw malformed(`${shown(json)} is no char`);
  return text;
}

function wholeOf(type: keyof typeof wholeRanges, json: unknown): bigint {
  const text = textOf(json);
  const whole = /^-?\d{1,19}$/.test(text) ? BigInt(text) : null;
  const [min, max] = wholeRanges[type];
  if (whole === null || whole < min || whole > max) throw malformed(`${shown(json)} is no ${type}`);
  if (typeof json === "number" && !Number.isSafeInteger(json))
    throw malformed(`${shown(json)} is not exact: write a long of so many digits as a text`);
  return whole;
}

function fractionOf(type: string, json: unknown): number {
  const text = textOf(json);
  const fraction = Number(text);
  if (text.trim() === "" || (Number.isNaN(fraction) && text !== "NaN"))
    throw malformed(`${shown(json)} is no ${type}`);
  return fraction;
}

/** Never as a whole: it may be large, and nested deeper than anybody can follow. */
function shown(json: unknown): string {
  if (Array.isArray(json)) return "a list";
  if (typeof json === "object" && json !== null)
    return `an object with ${Object.keys(json).slice(0, 4).join(", ").slice(0, 64) || "nothing in it"}`;
  const text = JSON.stringify(json);
  return text.length > 128 ? `${text.slice(0, 128)}…` : text;
}

function malformed(why: string): BrokerError {
  return new BrokerError("FRAME_MALFORMED", { protocol: "STOMP", detail: `the map in its body: ${why}` });
}
