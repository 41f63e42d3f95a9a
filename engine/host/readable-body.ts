import { BrokerError } from "../base/errors.ts";
import { inflate } from "../base/inflate.ts";
import { limits } from "../base/limits.ts";
import type { Message } from "../core/message.ts";
import { mapAsJson, stompBody } from "../session/stomp-body.ts";

/**
 * A body for people and scripts: inflated, and a map as the JSON that STOMP clients get of it. Streams and objects stay
 * as Java wrote them.
 */
export function readableBody(message: Message): Uint8Array {
  const { bodyKind, body, isCompressed } = message;
  if (bodyKind === "text" || bodyKind === "bytes") return stompBody(message);
  if (bodyKind === "map") return mapAsJson(message)?.json ?? body;
  if (!isCompressed) return body;
  try {
    return inflate(body, limits.frameBytesMax);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    return body;
  }
}

const previewCharactersMax = 120;

const previewWords = {
  map: "(map)",
  stream: "(stream of values)",
  object: "(Java object)",
  blob: "(blob)",
  none: "(no body)",
  "null-text": "(no text)",
} as const satisfies Partial<Record<Message["bodyKind"], string>>;

/** A line about a body. What would have to be inflated first, or only Java can read, is named and not shown. */
export function preview({ body, bodyKind, isCompressed }: Message): string {
  if (bodyKind !== "text" && bodyKind !== "bytes") return previewWords[bodyKind];
  if (isCompressed) return `(compressed ${bodyKind})`;
  const start = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, previewCharactersMax));
  return bodyKind === "text" ? start.toString("utf8") : start.toString("hex");
}
