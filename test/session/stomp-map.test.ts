import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { readMapJson, writeMapJson } from "../../engine/session/stomp-map.ts";
import { decodePrimitiveMap, encodePrimitiveMap } from "../../engine/wire/openwire/primitives.ts";
import type { Primitive, PrimitiveMap } from "../../engine/wire/openwire/primitives.ts";
import { headersOf, TestClient } from "./stomp-client.ts";

const ada: PrimitiveMap = new Map<string, Primitive>([
  ["name", { type: "string", value: "Ada" }],
  ["age", { type: "int", value: 36 }],
]);
const adaJson = '{"map":{"entry":[{"string":["name","Ada"]},{"string":"age","int":36}]}}';

const whole = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
const { value } = fc.letrec<{ value: Primitive; map: PrimitiveMap; list: Primitive[] }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant({ type: "null", value: null } as const),
    fc.boolean().map((value) => ({ type: "boolean", value }) as const),
    whole(8).map((value) => ({ type: "byte", value }) as const),
    whole(16).map((value) => ({ type: "short", value }) as const),
    whole(32).map((value) => ({ type: "int", value }) as const),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ type: "long", value }) as const),
    fc.float().map((value) => ({ type: "float", value }) as const),
    fc.double().map((value) => ({ type: "double", value }) as const),
    fc.string({ minLength: 1, maxLength: 1 }).map((value) => ({ type: "char", value }) as const),
    fc.string().map((value) => ({ type: "string", value }) as const),
    fc.uint8Array().map((value) => ({ type: "bytes", value: Buffer.from(value) }) as const),
    tie("map").map((value) => ({ type: "map", value }) as const),
    tie("list").map((value) => ({ type: "list", value }) as const),
  ),
  map: fc.array(fc.tuple(fc.string(), tie("value")), { maxLength: 3 }).map((entries) => new Map(entries)),
  // One of several types comes back grouped by them, as the form knows no other order.
  list: fc
    .array(tie("value"), { maxLength: 3 })
    .filter((all) => new Set(all.map(({ type }) => type)).size < 2),
}));

const fromText = (text: string): PrimitiveMap => readMapJson(Buffer.from(text));

/** Longs as numbers or bigints are one. */
const plain = (map: PrimitiveMap): string =>
  JSON.stringify([...decodePrimitiveMap(encodePrimitiveMap(map))], (_, each: unknown) => {
    if (typeof each === "bigint") return String(each);
    if (typeof each === "number" && !Number.isInteger(each)) return String(each);
    if (Object.is(each, -0)) return 0;
    return each instanceof Map ? [...(each as PrimitiveMap)] : each;
  });

describe("stomp: maps as JSON", () => {
  test("what is written is read, whatever is in it", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), value)), (entries) => {
        const map = new Map(entries);
        expect(plain(readMapJson(Buffer.from(writeMapJson(map))))).toBe(plain(map));
      }),
    );
  });

  test("what there is once stands alone, and of nothing there is the empty text", () => {
    expect(writeMapJson(ada)).toBe(adaJson);
    expect(writeMapJson(new Map())).toBe('{"map":""}');
    const list: Primitive = { type: "list", value: [{ type: "int", value: 1 }] };
    expect(writeMapJson(new Map([["one", list]]))).toBe(
      '{"map":{"entry":{"string":"one","list":{"int":1}}}}',
    );
  });

  test("texts that ActiveMQ's writer turned into numbers are texts again; its numbers may be texts", () => {
    const map = fromText(
      '{"map":{"entry":[{"string":["zip",10115]},{"string":"n","int":"7"},{"string":"x","null":""}]}}',
    );
    expect([...map]).toEqual([
      ["zip", { type: "string", value: "10115" }],
      ["n", { type: "int", value: 7 }],
      ["x", { type: "null", value: null }],
    ]);
  });

  test.each([
    ["{", "JSON"],
    ['{"name":"Ada"}', '{"map":{"entry":…}}'],
    ['{"map":{"name":"Ada"}}', 'no "name"'],
    ['{"map":{"entry":{"string":"alone"}}}', "a key"],
    ['{"map":{"entry":{"int":1}}}', "a key"],
    ['{"map":{"entry":{"string":"k","int":1,"long":1}}}', "one value"],
    ['{"map":{"entry":{"string":"k","int":2147483648}}}', "no int"],
    ['{"map":{"entry":{"string":"k","int":1.5}}}', "no int"],
    ['{"map":{"entry":{"string":"k","long":9007199254740993}}}', "not exact"],
    ['{"map":{"entry":{"string":"k","boolean":"yes"}}}', "no boolean"],
    ['{"map":{"entry":{"string":"k","char":"no"}}}', "no char"],
    ['{"map":{"entry":{"string":"k","double":""}}}', "no double"],
    ['{"map":{"entry":{"string":"k","date":1}}}', 'the type "date"'],
    ['{"map":{"entry":{"string":"k","map":[]}}}', "an object is expected"],
    ['{"map":{"entry":[null]}}', "an object is expected"],
    [
      `{"map":{"entry":{"string":"k","list":${'{"list":'.repeat(40)}""${"}".repeat(40)}}}}`,
      `${limits.openwireNestingMax} deep`,
    ],
  ])("%s is refused", (text, why) => {
    const client = new TestClient("1.2");
    client.sends(`SEND\ndestination:/queue/a\ntransformation:jms-map-json\n\n${text}^@`);
    expect(client.error.code).toBe("FRAME_MALFORMED");
    expect(client.error.message).toContain(why);
  });

  test("SEND makes a map message of it; with a content-length it is bytes, as in ActiveMQ", () => {
    const client = new TestClient("1.2");
    client.sends(`SEND\ndestination:/queue/a\ntransformation:jms-map-json\n\n${adaJson}^@`);
    expect(client.sentMessage).toMatchObject({ bodyKind: "map" });
    expect(decodePrimitiveMap(client.sentMessage.body)).toEqual(ada);
    client.sends("SEND\ndestination:/queue/a\ntransformation:jms-map-json\ncontent-length:1\n\n{^@");
    expect(client.sentMessage).toMatchObject({ bodyKind: "bytes", body: Buffer.from("{") });
  });

  test.each(["jms-map-json", "jms-json"])(
    "who subscribes with %s gets maps so, and all else as it is",
    (wish) => {
      const client = new TestClient("1.2");
      client.sends(`SUBSCRIBE\nid:s\ndestination:/queue/orders\ntransformation:${wish}\n\n^@`);
      const properties = new Map([["transformation", "what its sender said"]]);
      client.delivers(1, { message: { bodyKind: "map", body: encodePrimitiveMap(ada), properties } });
      client.delivers(2);
      client.delivers(3, { message: { bodyKind: "map", body: Buffer.from([0, 0, 0, 9, 1]) } });
      client.delivers(4, { message: { bodyKind: "map", body: new Uint8Array() } });
      expect(client.frames.map(({ body }) => Buffer.from(body).toString())).toEqual([
        adaJson,
        "body",
        "",
        '{"map":""}',
      ]);
      expect(client.frames.map((frame) => headersOf(frame)["transformation"])).toEqual([
        "jms-map-json",
        undefined,
        undefined,
        "jms-map-json",
      ]);
    },
  );

  test("what is too large or too deep is refused in either direction, and ends nothing else", () => {
    const deep = "[".repeat(limits.mapJsonBytesMax / 2 - 20) + "]".repeat(limits.mapJsonBytesMax / 2 - 20);
    expect(() => fromText(`{"map":{"entry":${deep}}}`)).toThrow("an object is expected: a list");
    expect(() => fromText(`{"map":${" ".repeat(limits.mapJsonBytesMax)}""}`)).toThrow("more than 1048576");
    const client = new TestClient("1.2");
    client.sends("SUBSCRIBE\nid:s\ndestination:/queue/orders\ntransformation:jms-json\n\n^@");
    const large = new Map<string, Primitive>([
      ["large", { type: "string", value: "\0".repeat(limits.mapJsonBytesMax) }],
    ]);
    client.delivers(1, { message: { bodyKind: "map", body: encodePrimitiveMap(large) } });
    expect(headersOf(client.frames[0])["transformation-error"]).toContain("more than 1048576");
    expect(client.frames[0]?.body).toHaveLength(0);
    client.delivers(2, { message: { bodyKind: "map", body: Buffer.from([0, 0, 0, 9, 1]) } });
    expect(headersOf(client.frames[1])["transformation-error"]).toContain("Malformed");
  });

  test("others get none of a map", () => {
    const client = new TestClient("1.2");
    client.sends("SUBSCRIBE\nid:s\ndestination:/queue/orders\n\n^@");
    client.delivers(1, { message: { bodyKind: "map", body: encodePrimitiveMap(ada) } });
    expect(client.frames[0]?.body).toHaveLength(0);
  });

  test.each(["jms-map-xml", "jms-object-json", "jms-xml", "mine"])(
    "%s is refused with what there is",
    (wish) => {
      const client = new TestClient("1.2");
      client.sends(`SUBSCRIBE\nid:s\ndestination:/queue/a\ntransformation:${wish}\n\n^@`);
      expect(client.error).toMatchObject({ code: "NOT_SUPPORTED" });
      expect(client.error.message).toContain("other than jms-map-json, jms-json and jms-advisory-json");
      const sender = new TestClient("1.2");
      sender.sends(`SEND\ndestination:/queue/a\ntransformation:${wish}\n\nx^@`);
      expect(sender.error.message).toContain("other than jms-map-json");
    },
  );
});
