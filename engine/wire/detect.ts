import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";

/** What a replica says first; the number is the version of the replication protocol. */
export const replicationPreamble = "UNDERSTUDY/1\n";

export type DetectedProtocol = "stomp" | "replication" | "http" | "openwire" | "amqp" | "mqtt" | "tls";

export type Detection =
  | { readonly kind: "protocol"; readonly protocol: DetectedProtocol }
  /** Every protocol that could still come of it needs more bytes. */
  | { readonly kind: "more" }
  | { readonly kind: "unknown"; readonly firstBytes: string };

/** One step along an opening: these bytes, any bytes, or one of a few shapes that protocols are fond of. */
type Part =
  | { readonly text: string }
  | { readonly anyBytes: number }
  /** CR and LF in any number. */
  | { readonly lineEnds: "any number" }
  /** LF, or CR LF. */
  | { readonly lineEnd: "one" }
  /** MQTT's length: up to four bytes, each but the last with its top bit set. */
  | { readonly mqttLength: true };

interface Opening {
  readonly protocol: DetectedProtocol;
  readonly parts: readonly Part[];
}

/** Every way in which a connection may begin. WebSocket begins as HTTP and is told apart by its headers. */
export const openings: readonly Opening[] = [
  { protocol: "stomp", parts: [{ lineEnds: "any number" }, { text: "CONNECT" }, { lineEnd: "one" }] },
  { protocol: "stomp", parts: [{ lineEnds: "any number" }, { text: "STOMP" }, { lineEnd: "one" }] },
  { protocol: "replication", parts: [{ text: "UNDERSTUDY/" }] },
  { protocol: "http", parts: [{ text: "GET " }] },
  { protocol: "http", parts: [{ text: "HEAD " }] },
  { protocol: "openwire", parts: [{ anyBytes: 4 }, { text: "\u0001ActiveMQ" }] },
  { protocol: "amqp", parts: [{ text: "AMQP" }] },
  { protocol: "mqtt", parts: [{ text: "\u0010" }, { mqttLength: true }, { text: "\u0000\u0004MQTT" }] },
  { protocol: "mqtt", parts: [{ text: "\u0010" }, { mqttLength: true }, { text: "\u0000\u0006MQIsdp" }] },
  { protocol: "tls", parts: [{ text: "\u0016\u0003" }] },
];

/** Protocols that are recognised so that their clients learn what to do instead. */
const notServed: Readonly<Partial<Record<DetectedProtocol, string>>> = {
  amqp: "AMQP is not supported yet. Connect with a client for OpenWire (JMS) or STOMP 1.0, 1.1 or 1.2.",
  mqtt: "MQTT is not supported yet. Connect with a client for OpenWire (JMS) or STOMP 1.0, 1.1 or 1.2.",
  tls: "TLS is not supported. Connect without it: the broker listens on this machine only.",
};

/** Says which protocol the bytes that came first on a connection belong to. */
export function detectProtocol(bytes: Uint8Array): Detection {
  const seen = bytes.subarray(0, limits.detectionBytesMax);
  let isOpen = false;
  for (const opening of openings) {
    const match = matchOpening(opening.parts, seen);
    if (match === "yes") return { kind: "protocol", protocol: opening.protocol };
    if (match === "more") isOpen = true;
  }
  if (isOpen && seen.length < limits.detectionBytesMax) return { kind: "more" };
  return { kind: "unknown", firstBytes: printable(seen) };
}

/** Why a connection that began like this is refused; `null` when it is served, or may still turn out to be. */
export function detectionRefusal(detection: Detection): BrokerError | null {
  if (detection.kind === "more") return null;
  if (detection.kind === "unknown")
    return new BrokerError("PROTOCOL_UNKNOWN", { firstBytes: detection.firstBytes });
  const detail = notServed[detection.protocol];
  return detail === undefined ? null : new BrokerError("PROTOCOL_VIOLATION", { detail });
}

type Match = "yes" | "no" | "more";

function matchOpening(parts: readonly Part[], bytes: Uint8Array): Match {
  let at = 0;
  for (const part of parts) {
    const length = matchPart(part, bytes.subarray(at));
    if (typeof length !== "number") return length;
    at += length;
  }
  return "yes";
}

/** How many bytes the part takes at the start of `bytes`. */
function matchPart(part: Part, bytes: Uint8Array): number | "no" | "more" {
  if ("text" in part) return matchText(part.text, bytes);
  if ("anyBytes" in part) return bytes.length < part.anyBytes ? "more" : part.anyBytes;
  if ("lineEnds" in part) {
    const end = bytes.findIndex((byte) => byte !== 0x0a && byte !== 0x0d);
    return end === -1 ? "more" : end;
  }
  if ("lineEnd" in part) {
    if (bytes[0] === 0x0a) return 1;
    return matchText("\r\n", bytes);
  }
  const end = bytes.subarray(0, 4).findIndex((byte) => byte < 0x80);
  if (end !== -1) return end + 1;
  return bytes.length < 4 ? "more" : "no";
}

function matchText(text: string, bytes: Uint8Array): number | "no" | "more" {
  const length = Math.min(text.length, bytes.length);
  for (let index = 0; index < length; index += 1) if (bytes[index] !== text.charCodeAt(index)) return "no";
  return length < text.length ? "more" : length;
}

/** The first bytes as people can read them: `"EHLO\x20x"` style, other than printable ASCII in hexadecimal. */
function printable(bytes: Uint8Array): string {
  const shown = [...bytes.subarray(0, 16)].map((byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  );
  return `"${shown.join("")}${bytes.length > 16 ? "…" : ""}"`;
}
