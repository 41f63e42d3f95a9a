import { limits } from "../../base/limits.ts";
import type { Message } from "./frames.ts";
import { FrameOutput } from "./output.ts";
import { decodePrimitiveMap } from "./primitives.ts";
import type { PrimitiveMap } from "./primitives.ts";
import { malformed, readText } from "./text.ts";

/**
 * What the bytes of a message's content mean, by the type of the message: text behind its size (text), a map (map),
 * values one behind the other (stream), or what the client put there (bytes, object). Compressed content is the same
 * under zlib's deflate, and in a bytes message stands behind its inflated size.
 */

/** Undoes zlib's deflate; throws a `BrokerError` if that gives more than so many bytes, or is not possible. */
export type Inflate = (bytes: Uint8Array, sizeBytesMax: number) => Uint8Array;

/** A message's content as it was before the client compressed it. */
export function inflatedContent(
  message: Pick<Message, "type" | "content" | "compressed">,
  inflate: Inflate,
): Uint8Array | null {
  const { content } = message;
  if (content === null || content.length === 0 || !message.compressed) return content;
  if (message.type !== "ActiveMQBytesMessage") return inflate(content, limits.frameBytesMax);
  if (content.length < sizeBytes) throw malformed("a compressed bytes message has no size");
  const inflated = inflate(content.subarray(sizeBytes), limits.frameBytesMax);
  // Java deflates all of its buffer, also the part of it that holds nothing yet.
  return inflated.subarray(0, bufferOf(content).readUInt32BE(0));
}

/** The text in the inflated content of a text message. */
export function decodeText(content: Uint8Array): string | null {
  const bytes = bufferOf(content);
  if (bytes.length < sizeBytes) throw malformed("a text message has no size before its text");
  const textBytes = bytes.readInt32BE(0);
  if (textBytes === -1) return null;
  if (textBytes < 0 || textBytes > bytes.length - sizeBytes)
    throw malformed(`a text message of ${bytes.length} bytes says that its text has ${textBytes}`);
  return readText(bytes, sizeBytes, sizeBytes + textBytes);
}

export function encodeText(text: string): Buffer {
  const output = new FrameOutput();
  output.longText(text);
  return output.take();
}

/** The properties of a message that clients set; those that JMS defines are fields of the message. */
export function decodeProperties(message: Message): PrimitiveMap {
  const bytes = message.marshalledProperties;
  return bytes === null ? noProperties : decodePrimitiveMap(bytes);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

const noProperties: PrimitiveMap = new Map();
const sizeBytes = 4;
