/** A body as bytes, and the ways to read it. Nothing is cut off: what cannot be shown in one way is offered in another. */
export type BodyFormat = "json" | "xml" | "text" | "hex";

const bytesPerHexLine = 16;

/** `null`: these bytes are not text in UTF-8. */
export function asText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Laid out by us and not by `JSON.stringify`, which would round numbers that do not fit a double. `null`: not JSON. */
export function asJson(text: string): string | null {
  return isJson(text) ? layOut(text) : null;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function layOut(json: string): string {
  const parts: string[] = [];
  let depth = 0;
  for (let index = 0; index < json.length; index += 1) {
    const character = json.charAt(index);
    if (character === '"') {
      const end = endOfString(json, index);
      parts.push(json.slice(index, end));
      index = end - 1;
    } else if (character === "{" || character === "[") {
      const next = firstBehindSpace(json, index + 1);
      if (json[next] === "}" || json[next] === "]") {
        parts.push(character, json.charAt(next));
        index = next;
      } else parts.push(character, lineAt((depth += 1)));
    } else if (character === "}" || character === "]") parts.push(lineAt((depth -= 1)), character);
    else if (character === ",") parts.push(",", lineAt(depth));
    else if (character === ":") parts.push(": ");
    else if (!isSpace(character)) parts.push(character);
  }
  return parts.join("");
}

function lineAt(depth: number): string {
  return `\n${"  ".repeat(depth)}`;
}

/** Behind the closing quote of the string that opens at `start`. */
function endOfString(json: string, start: number): number {
  let index = start + 1;
  while (index < json.length && json[index] !== '"') index += json[index] === "\\" ? 2 : 1;
  return index + 1;
}

function firstBehindSpace(json: string, start: number): number {
  let index = start;
  while (isSpace(json.charAt(index))) index += 1;
  return index;
}

function isSpace(character: string): boolean {
  return character === " " || character === "\n" || character === "\r" || character === "\t";
}

/** Indented tag by tag; text inside an element is left as it is. `null`: does not look like XML. */
export function asXml(text: string): string | null {
  const trimmed = text.trim();
  if (!trimmed.startsWith("<") || !trimmed.endsWith(">")) return null;
  const parts: readonly string[] =
    trimmed.match(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<[^>]+>|[^<]+/g) ?? [];
  let out = "";
  let depth = 0;
  let isInline = false;
  for (const [index, part] of parts.entries()) {
    if (!part.startsWith("<")) {
      if (part.trim() === "") continue;
      out += part;
      isInline = true;
    } else if (part.startsWith("</")) {
      depth = Math.max(0, depth - 1);
      out += isInline ? part : `\n${"  ".repeat(depth)}${part}`;
      isInline = false;
    } else {
      out += out === "" ? part : `\n${"  ".repeat(depth)}${part}`;
      const opens = !part.endsWith("/>") && !part.startsWith("<?") && !part.startsWith("<!");
      if (opens) depth += 1;
      isInline = opens && parts[index + 1]?.startsWith("</") === true;
    }
  }
  return out;
}

/** Offset, bytes and what is printable of them, as `hexdump -C` does. */
export function asHex(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += bytesPerHexLine) {
    let hex = "";
    let printable = "";
    const end = Math.min(bytes.length, offset + bytesPerHexLine);
    for (let index = offset; index < end; index += 1) {
      const byte = bytes[index] ?? 0;
      hex += hexOf[byte] ?? "";
      printable += printableOf[byte] ?? "";
    }
    lines.push(`${offset.toString(16).padStart(8, "0")}  ${hex.padEnd(bytesPerHexLine * 3)} ${printable}`);
  }
  return lines.join("\n");
}

const hexOf = Array.from({ length: 256 }, (_, byte) => `${byte.toString(16).padStart(2, "0")} `);
const printableOf = Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".",
);

/** What can show these bytes, the most telling first. */
export function formatsOf(bytes: Uint8Array): BodyFormat[] {
  const text = asText(bytes);
  if (text === null) return ["hex"];
  const isXml = text.trim().startsWith("<") && text.trim().endsWith(">");
  return [...(isJson(text) ? ["json" as const] : []), ...(isXml ? ["xml" as const] : []), "text", "hex"];
}

/** Only what is looked at is laid out: of a large body each way takes its time. */
export function shownAs(bytes: Uint8Array, format: BodyFormat): string {
  if (format === "hex") return asHex(bytes);
  const text = asText(bytes) ?? "";
  if (format === "text") return text;
  return (format === "json" ? asJson(text) : asXml(text)) ?? text;
}

/** Characters of a piece: what is out of sight is laid out when it comes into sight, piece by piece. */
const pieceLength = 8_192;

/** A long text in pieces, each but the last ending with a line. */
export function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  while (start < text.length) {
    const end = text.indexOf("\n", start + pieceLength);
    if (end === -1) break;
    pieces.push(text.slice(start, end));
    start = end + 1;
  }
  return [...pieces, text.slice(start)];
}
