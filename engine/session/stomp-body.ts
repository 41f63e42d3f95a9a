import { BrokerError } from "../base/errors.ts";
import { inflate } from "../base/inflate.ts";
import type { Message } from "../core/message.ts";
import { inflatedContent } from "../wire/openwire/bodies.ts";
import { emptyBody } from "../wire/stomp/frames.ts";
import { textToCore } from "./openwire/text.ts";

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
