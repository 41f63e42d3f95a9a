import { BrokerError } from "../base/errors.ts";
import { inflate } from "../base/inflate.ts";
import { limits } from "../base/limits.ts";
import type { Message } from "../core/message.ts";
import { inflatedContent } from "../wire/openwire/bodies.ts";
import { emptyBody } from "../wire/stomp/frames.ts";
import { writeMapJson } from "./stomp-map.ts";
import { decodePrimitiveMap } from "../wire/openwire/primitives.ts";
import { textToCore } from "./openwire/text.ts";

/** A map message as JSON, or why it cannot be that; `null` where it is none. */
export function mapAsJson({
  bodyKind,
  body,
  isCompressed,
}: Message): { readonly json: Uint8Array | null; readonly error: string | null } | null {
  if (bodyKind !== "map") return null;
  try {
    const message = { type: "ActiveMQMapMessage", content: body, compressed: isCompressed } as const;
    const content = inflatedContent(message, inflate) ?? emptyBody;
    const { length } = content;
    if (length > limits.mapJsonBytesMax)
      return { json: null, error: `the map has ${length} bytes, more than ${limits.mapJsonBytesMax}` };
    const json = writeMapJson(length === 0 ? new Map() : decodePrimitiveMap(content));
    return { json: Buffer.from(json), error: null };
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    return { json: null, error: error.message };
  }
}

/** What a STOMP client gets of a body: as in ActiveMQ texts and bytes, and nothing of what only Java can read. */
export function stompBody({ bodyKind, body, isCompressed }: Message): Uint8Array {
  if (bodyKind !== "text" && bodyKind !== "bytes") return emptyBody;
  if (!isCompressed) return body;
  const type = bodyKind === "text" ? "ActiveMQTextMessage" : "ActiveMQBytesMessage";
  try {
    const content = inflatedContent({ type, content: body, compressed: true }, inflate) ?? emptyBody;
    return bodyKind === "text" ? (textToCore(content) ?? emptyBody) : content;
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    // Its sender broke it, and the client that gets it can do nothing about that: it sees what there is.
    return body;
  }
}
