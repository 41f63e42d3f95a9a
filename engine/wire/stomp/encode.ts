import { assert } from "../../base/assert.ts";
import { stompCommands } from "./frames.ts";
import type { StompFrame, StompVersion } from "./frames.ts";

/** What one side sends when it has nothing to say, to show that it is still there. */
export const stompHeartbeat: Uint8Array = Buffer.from("\n");

/**
 * A frame's bytes in the given version. A body with a NUL in it gets a `content-length` header when it has none, as it
 * could not be read otherwise. A character that the version has no way to write in a header becomes a space: a message
 * sent over another version must neither break the frame nor be undeliverable.
 */
export function encodeStompFrame(frame: StompFrame, version: StompVersion): Uint8Array {
  const encodeText = encoderOf(frame, version);
  let head = `${frame.command}\n`;
  let hasLength = false;
  for (const [name, value] of frame.headers) {
    if (name === "content-length" && !hasLength) {
      assert(Number(value) === frame.body.length, "the content-length header is the body's length");
      hasLength = true;
    }
    head += `${encodeText(name, true)}:${encodeText(value, false)}\n`;
  }
  if (!hasLength && frame.body.includes(0)) head += `content-length:${frame.body.length}\n`;
  head += "\n";

  const headBytes = Buffer.byteLength(head);
  const bytes = Buffer.allocUnsafe(headBytes + frame.body.length + 1);
  bytes.write(head, 0, "utf8");
  bytes.set(frame.body, headBytes);
  bytes[bytes.length - 1] = 0;
  return bytes;
}

type TextEncoding = (text: string, isName: boolean) => string;

function encoderOf(frame: StompFrame, version: StompVersion): TextEncoding {
  if (version === "1.0" || !stompCommands[frame.command].isEscaped) return withoutLineEnds;
  return version === "1.1" ? escaped11 : escaped12;
}

function withoutLineEnds(text: string, isName: boolean): string {
  return isName ? text.replaceAll(/[\n\r\0:]/g, " ") : text.replaceAll(/[\n\r\0]/g, " ");
}

const special = /[\\\n\r:\0]/;
const escapes11: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", ":": "\\c", "\0": " " };
const escapes12: Readonly<Record<string, string>> = { ...escapes11, "\r": "\\r" };

function escaped11(text: string): string {
  return special.test(text)
    ? text.replaceAll(/[\\\n:\0]/g, (character) => escapes11[character] ?? character)
    : text;
}

function escaped12(text: string): string {
  return special.test(text)
    ? text.replaceAll(/[\\\n\r:\0]/g, (character) => escapes12[character] ?? character)
    : text;
}
