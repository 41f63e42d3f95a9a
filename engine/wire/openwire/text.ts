import { BrokerError } from "../../base/errors.ts";

/**
 * Java's way to write text: each UTF-16 unit by itself in one to three bytes, NUL in two. It equals UTF-8 as long as
 * there is neither a NUL nor a surrogate pair, which is nearly always; then Node's own conversion does it.
 */

/** From here on Node's conversion is faster than a loop. */
const longTextCount = 64;

/** How many bytes the text takes; and whether each is an ASCII character, and none is NUL. */
export function sizeOfText(text: string): number {
  let sizeBytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    sizeBytes += unit > 0 && unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
  }
  return sizeBytes;
}

/** Writes text of which {@link sizeOfText} is known, and returns where it ends. */
export function writeText(text: string, sizeBytes: number, bytes: Buffer, at: number): number {
  if (sizeBytes === text.length && text.length >= longTextCount) return at + bytes.write(text, at, "latin1");
  let end = at;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit > 0 && unit < 0x80) {
      bytes[end++] = unit;
      continue;
    }
    if (unit < 0x800) bytes[end++] = 0xc0 | (unit >> 6);
    else {
      bytes[end++] = 0xe0 | (unit >> 12);
      bytes[end++] = 0x80 | ((unit >> 6) & 0x3f);
    }
    bytes[end++] = 0x80 | (unit & 0x3f);
  }
  return end;
}

/** Characters of one byte each, as the tight encoding writes text that is all ASCII. */
export function readLatin1(bytes: Buffer, start: number, end: number): string {
  return bytes.toString("latin1", start, end);
}

/** Reads what {@link writeText} or any UTF-8 writer wrote; bytes that are neither are FRAME_MALFORMED. */
export function readText(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString("utf8", start, end);
  // A replacement character stands for Java's own forms, for broken bytes, or for itself.
  return text.includes("\uFFFD") ? readTextUnits(bytes, start, end) : text;
}

function readTextUnits(bytes: Buffer, start: number, end: number): string {
  const units: number[] = [];
  let text = "";
  let at = start;
  while (at < end) {
    const lead = bytes[at]!;
    const count = lead < 0x80 ? 1 : lead >> 5 === 6 ? 2 : lead >> 4 === 14 ? 3 : lead >> 3 === 30 ? 4 : 0;
    if (count === 0 || at + count > end) throw notText(at - start);
    let point = count === 1 ? lead : lead & (0x7f >> count);
    for (let index = 1; index < count; index += 1) {
      const byte = bytes[at + index]!;
      if (byte >> 6 !== 2) throw notText(at + index - start);
      point = (point << 6) | (byte & 0x3f);
    }
    if (count === 4) {
      if (point < 0x10000 || point > 0x10ffff) throw notText(at - start);
      units.push(0xd7c0 + (point >> 10), 0xdc00 + (point & 0x3ff));
    } else units.push(point);
    if (units.length >= 4096) text += String.fromCharCode(...units.splice(0));
    at += count;
  }
  return text + String.fromCharCode(...units);
}

function notText(at: number): BrokerError {
  return malformed(`a text is not UTF-8 at its byte ${at}`);
}

export function malformed(detail: string): BrokerError {
  return new BrokerError("FRAME_MALFORMED", { protocol: "OpenWire", detail });
}
