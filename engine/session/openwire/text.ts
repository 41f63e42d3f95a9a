import { decodeText, encodeText } from "../../wire/openwire/bodies.ts";

/**
 * Java writes NUL and characters beyond the first 65,536 otherwise than UTF-8 does. A text without them, which is nearly
 * every one, passes as it is, without being decoded.
 */

const sizeBytes = 4;

/** The text of a text message as UTF-8; `null` where the message has none. */
export function textToCore(content: Uint8Array): Uint8Array | null {
  const bytes = bufferOf(content);
  const isPlain = bytes.length >= sizeBytes && bytes.readInt32BE(0) === bytes.length - sizeBytes;
  if (isPlain && !hasJavaForms(bytes)) return bytes.subarray(sizeBytes);
  const text = decodeText(content);
  return text === null ? null : Buffer.from(text);
}

/** The content of a text message with this UTF-8 text. */
export function textToWire(body: Uint8Array): Uint8Array {
  if (needsJavaForms(body)) return encodeText(bufferOf(body).toString());
  const content = Buffer.allocUnsafe(sizeBytes + body.length);
  content.writeInt32BE(body.length, 0);
  content.set(body, sizeBytes);
  return content;
}

/** Whether there may be a surrogate, or a NUL in two bytes, behind the size. */
function hasJavaForms(bytes: Uint8Array): boolean {
  for (let at = sizeBytes; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (byte === 0xc0 || (byte === 0xed && bytes[at + 1]! >= 0xa0)) return true;
  }
  return false;
}

function needsJavaForms(body: Uint8Array): boolean {
  let at = 0;
  while (at < body.length && body[at]! > 0 && body[at]! < 0xf0) at += 1;
  return at < body.length;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
