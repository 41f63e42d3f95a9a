import { describe, expect, test } from "vitest";
import { asHex, asJson, asXml, formatsOf, piecesOf, shownAs } from "../../renderer/destinations/body.ts";
import { kindWords } from "../../renderer/destinations/kind.ts";
import { matches } from "../../renderer/commands/command.ts";
import { cliLine } from "../../renderer/shared/cli.ts";
import { byteSize, count, duration, perSecond, shortCount } from "../../renderer/shared/format.ts";
import { snippetsFor } from "../../renderer/snippets/snippets.ts";

describe("numbers", () => {
  test("lengths of time have two units at most", () => {
    expect([0, 0.4, 38, 999, 4_210, 42_100, 60_000, 252_000, 11_100_000].map(duration)).toEqual([
      "0 ms",
      "<1 ms",
      "38 ms",
      "999 ms",
      "4.21 s",
      "42.1 s",
      "1 m",
      "4 m 12 s",
      "3 h 5 m",
    ]);
  });

  test("counts, rates and sizes are short where they change and whole where they are read", () => {
    expect([9_999, 48_210, 1_250_000].map(shortCount)).toEqual(["9,999", "48.2 k", "1.25 M"]);
    expect(count(1_250_000)).toBe("1,250,000");
    expect([0, 0.5, 48.6, 12_000].map(perSecond)).toEqual(["0", "0.5", "49", "12.0 k"]);
    expect([0, 1_023, 1_024, 1_846_835_937].map(byteSize)).toEqual(["0 B", "1023 B", "1.00 KiB", "1.72 GiB"]);
  });
});

describe("bodies", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  test("JSON is laid out without touching its numbers or its strings", () => {
    expect(asJson('{"id":12345678901234567890,"s":"a,\\"b\\": {","empty":[],"n":[1,2]}')).toBe(
      '{\n  "id": 12345678901234567890,\n  "s": "a,\\"b\\": {",\n  "empty": [],\n  "n": [\n    1,\n    2\n  ]\n}',
    );
    expect(asJson("{not json}")).toBeNull();
  });

  test("XML is indented by its tags; text stays where it was", () => {
    expect(asXml('<a x="1"><b>two words</b><c/></a>')).toBe('<a x="1">\n  <b>two words</b>\n  <c/>\n</a>');
    expect(asXml("no tags")).toBeNull();
  });

  test("bytes that are no text are shown in hex, every one of them", () => {
    const body = Uint8Array.from({ length: 33 }, (_, index) => 200 + index);

    expect(formatsOf(body)).toEqual(["hex"]);
    expect(asHex(body).split("\n")).toHaveLength(3);
    expect(asHex(bytes("Hi"))).toMatch(/^00000000 {2}48 69 .* Hi$/);
  });

  test("the most telling way comes first", () => {
    expect(formatsOf(bytes('{"a":1}'))).toEqual(["json", "text", "hex"]);
    expect(formatsOf(bytes("<a/>"))).toEqual(["xml", "text", "hex"]);
    expect(formatsOf(bytes("plain"))).toEqual(["text", "hex"]);
    expect(shownAs(bytes('{"a":1}'), "json")).toBe('{\n  "a": 1\n}');
    expect(shownAs(bytes('{"a":1}'), "text")).toBe('{"a":1}');
  });

  test("a body that does not speak for itself is named; of an object, its class", () => {
    const hashMap = Buffer.from("aced0005737200116a6176612e7574696c2e486173684d61700507dac1", "hex");

    expect(kindWords("object", hashMap)).toBe(
      "An object message with a java.util.HashMap, as Java serialised it: only Java reads it.",
    );
    expect(kindWords("object", bytes("aced"))).toMatch(/^An object message, as Java/);
    expect(kindWords("none", bytes(""))).toBe("A message without a body.");
    expect(kindWords("text", bytes(""))).toBeNull();
  });

  test("a long text is cut at its lines, and nothing of it is left out", () => {
    const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index}`).join("\n");

    expect(piecesOf(lines).length).toBeGreaterThan(3);
    expect(piecesOf(lines).join("\n")).toBe(lines);
    expect(piecesOf("x".repeat(100_000))).toHaveLength(1);
    expect(piecesOf("")).toEqual([""]);
  });
});

describe("what is copied", () => {
  test("a command line survives a shell", () => {
    expect(cliLine("kill", "primary")).toBe("npm run --silent understudy -- kill primary");
    expect(cliLine("purge", "queue://it's here")).toBe(
      String.raw`npm run --silent understudy -- purge 'queue://it'\''s here'`,
    );
  });

  test("every snippet names both brokers, and what is spoken is called served", () => {
    const snippets = snippetsFor({
      failoverUri: "failover:(tcp://127.0.0.1:61616,tcp://127.0.0.1:61617)?randomize=false",
      host: "127.0.0.1",
      primaryPort: 61_616,
      replicaPort: 61_617,
    });

    expect(snippets.length).toBeGreaterThanOrEqual(12);
    for (const snippet of snippets) {
      expect(snippet.code, snippet.name).toContain("61616");
      expect(snippet.code, snippet.name).toContain("61617");
      expect(snippet.isServed, snippet.name).toBe(["STOMP", "OpenWire"].includes(snippet.protocol));
    }
  });
});

describe("shortcuts", () => {
  const plain = { key: "", code: "", altKey: false, ctrlKey: false, metaKey: false, shiftKey: false };

  test("letters go by the key's place, so that Alt on a Mac does not hide them", () => {
    expect(matches("Alt+P", { ...plain, key: "π", code: "KeyP", altKey: true }, true)).toBe(true);
    expect(matches("Alt+P", { ...plain, key: "P", code: "KeyP", altKey: true, shiftKey: true }, false)).toBe(
      false,
    );
  });

  test("Mod is Ctrl, and Command on a Mac", () => {
    expect(matches("Mod+K", { ...plain, code: "KeyK", ctrlKey: true }, false)).toBe(true);
    expect(matches("Mod+K", { ...plain, code: "KeyK", metaKey: true }, true)).toBe(true);
    expect(matches("Mod+K", { ...plain, code: "KeyK", ctrlKey: true }, true)).toBe(false);
  });
});
