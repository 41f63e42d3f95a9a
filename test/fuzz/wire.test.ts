import fc from "fast-check";
import { expect, test } from "vitest";
import { StompDecoder } from "../../engine/wire/stomp/decode.ts";
import { encodeStompFrame } from "../../engine/wire/stomp/encode.ts";
import { detectProtocol, openings, replicationPreamble } from "../../engine/wire/detect.ts";
import { stompCommands, stompVersions, type StompCommand } from "../../engine/wire/stomp/frames.ts";
import { fuzzDecoder } from "./decoders.ts";
import { mutated } from "./mutations.ts";
import { fuzzTimeoutMs, runs } from "./runs.ts";

const headerName = fc.oneof(
  fc.constantFrom("destination", "receipt", "id", "ack", "transaction", "selector", "__proto__", "a b"),
  fc.string({ minLength: 1, maxLength: 8, unit: "grapheme" }).filter((name) => name.trim() !== ""),
);
const headers = fc.array(fc.tuple(headerName, fc.string({ maxLength: 12, unit: "grapheme" })), {
  maxLength: 5,
});
const commands = Object.keys(stompCommands) as StompCommand[];

for (const version of stompVersions) {
  const frame = fc
    .record({ command: fc.constantFrom(...commands), headers, body: fc.uint8Array({ maxLength: 60 }) })
    .map((each) => {
      const body = stompCommands[each.command].mayHaveBody ? each.body : new Uint8Array();
      const plain = each.headers.filter(([name]) => name.trim() !== "content-length");
      return encodeStompFrame({ ...each, headers: plain, body }, version);
    })
    // The frames that agree on a version are never escaped, so not every header can stand in one.
    .filter(
      (bytes) => !/^(CONNECT|CONNECTED|STOMP)\n(:|[^\n]*\n:)/.test(Buffer.from(bytes).toString("latin1")),
    );
  fuzzDecoder({
    name: `stomp-${version}`,
    valid: fc.array(frame, { maxLength: 4 }).map((frames) => Buffer.concat(frames)),
    errors: ["FRAME_MALFORMED", "FRAME_TOO_LARGE", "HEADER_INVALID", "LIMIT_REACHED"],
    open(take) {
      const bounds = { frameBytesMax: 4_096, stompHeaderCountMax: 8, stompHeaderLineBytesMax: 256 };
      const decoder = new StompDecoder(version, bounds);
      return (piece) =>
        decoder.push(piece, (each) => take({ ...each, body: Buffer.from(each.body).toString("hex") }));
    },
  });
}

/** How each protocol begins, as bytes that are decided upon. */
const beginnings = openings.map(({ parts }) =>
  Buffer.from(
    parts
      .map((part) => {
        if ("text" in part) return part.text;
        if ("anyBytes" in part) return "\u0001".repeat(part.anyBytes);
        return "lineEnd" in part ? "\n" : "mqttLength" in part ? "\u0080\u0001" : "\r\n";
      })
      .join(""),
    "latin1",
  ),
);
const opening = fc.constantFrom(...beginnings, Buffer.from(replicationPreamble));

test(
  "fuzz: detection decides once, by a prefix, and says so of every longer one",
  { timeout: fuzzTimeoutMs },
  () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 80 }), mutated(opening), opening);
    fc.assert(
      fc.property(bytes, (input) => {
        let decided: unknown = null;
        for (let length = 0; length <= input.length; length += 1) {
          const detection = detectProtocol(input.subarray(0, length));
          if (detection.kind === "more") expect(decided).toBeNull();
          if (detection.kind === "more" || length >= 64) continue;
          const answer = detection.kind === "protocol" ? detection.protocol : "unknown";
          decided ??= answer;
          expect(answer).toBe(decided);
        }
        if (input.length >= 64) expect(detectProtocol(input).kind).not.toBe("more");
      }),
      runs(1_500),
    );
  },
);
