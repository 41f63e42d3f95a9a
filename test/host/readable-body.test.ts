import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Message } from "../../engine/core/message.ts";
import { preview, readableBody } from "../../engine/host/readable-body.ts";
import { encodeText } from "../../engine/wire/openwire/bodies.ts";
import { encodePrimitiveMap } from "../../engine/wire/openwire/primitives.ts";
import { messageTo, orders } from "../core/helpers.ts";

const plain = messageTo(orders, { body: Buffer.from("order 17") });
const textOf = (message: Partial<Message>): string =>
  Buffer.from(readableBody({ ...plain, ...message })).toString();

describe("readable body", () => {
  test("texts and bytes are what their sender wrote, compressed or not", () => {
    expect(textOf({})).toBe("order 17");
    expect(textOf({ body: deflateSync(encodeText("order 17")), isCompressed: true })).toBe("order 17");
    const size = Buffer.from([0, 0, 0, 8]);
    const body = Buffer.concat([size, deflateSync(Buffer.from("order 17"))]);
    expect(textOf({ bodyKind: "bytes", body, isCompressed: true })).toBe("order 17");
  });

  test("a map is the JSON that STOMP clients get of it", () => {
    const body = encodePrimitiveMap(new Map([["name", { type: "string", value: "Ada" }]]));
    expect(textOf({ bodyKind: "map", body })).toBe('{"map":{"entry":{"string":["name","Ada"]}}}');
  });

  test("an object is as Java serialised it, inflated", () => {
    const body = Buffer.from("aced0005740003616263", "hex");
    expect(readableBody({ ...plain, bodyKind: "object", body })).toEqual(body);
    const compressed = { ...plain, bodyKind: "object", body: deflateSync(body), isCompressed: true } as const;
    expect(readableBody(compressed)).toEqual(body);
  });

  test("what cannot be inflated is shown as it is kept", () => {
    expect(textOf({ bodyKind: "object", isCompressed: true })).toBe("order 17");
  });
});

test("preview: shows texts and bytes, and names what is neither or has to be inflated first", () => {
  const of = (message: Partial<Message>): string => preview({ ...plain, ...message });

  expect(of({})).toBe("order 17");
  expect(of({ bodyKind: "bytes", body: Uint8Array.of(1, 255) })).toBe("01ff");
  expect(of({ isCompressed: true })).toBe("(compressed text)");
  expect(of({ bodyKind: "object" })).toBe("(Java object)");
  expect(of({ bodyKind: "none", body: new Uint8Array() })).toBe("(no body)");
});
