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
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  let out = "";
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (inString) {
      out += character;
      if (character === "\\") out += text.charAt((index += 1));
      else if (character === '"') inString = false;
    } else if (character === '"') {
      inString = true;
      out += character;
    } else if (character === "{" || character === "[") {
      const close = character === "{" ? "}" : "]";
      const rest = text.slice(index + 1).trimStart();
      if (rest.startsWith(close)) {
        out += character + close;
        index = text.indexOf(close, index);
      } else out += `${character}\n${"  ".repeat((depth += 1))}`;
    } else if (character === "}" || character === "]") out += `\n${"  ".repeat((depth -= 1))}${character}`;
    else if (character === ",") out += `,\n${"  ".repeat(depth)}`;
    else if (character === ":") out += ": ";
    else if (!/\s/.test(character)) out += character;
  }
  return out;
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
    const slice = [...bytes.subarray(offset, offset + bytesPerHexLine)];
    const hex = slice.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const printable = slice
      .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "."))
      .join("");
    lines.push(`${offset.toString(16).padStart(8, "0")}  ${hex.padEnd(bytesPerHexLine * 3)} ${printable}`);
  }
  return lines.join("\n");
}

/** What can show these bytes, the most telling first. */
export function formatsOf(bytes: Uint8Array): { format: BodyFormat; text: string }[] {
  const text = asText(bytes);
  const shown: { format: BodyFormat; text: string }[] = [];
  if (text !== null) {
    const json = asJson(text);
    const xml = asXml(text);
    if (json !== null) shown.push({ format: "json", text: json });
    if (xml !== null) shown.push({ format: "xml", text: xml });
    shown.push({ format: "text", text });
  }
  return [...shown, { format: "hex", text: asHex(bytes) }];
}
