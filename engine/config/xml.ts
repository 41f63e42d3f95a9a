import { SaxesParser } from "saxes";
import { configurationError, type Position } from "./settings.ts";

/** An element of a parsed file, with its place. */
export interface XmlElement {
  /** Local name: prefixes say which of ActiveMQ's and Spring's namespaces it is from, which its name says already. */
  readonly name: string;
  readonly position: Position;
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
}

export interface XmlAttribute {
  readonly name: string;
  readonly value: string;
  readonly position: Position;
}

interface OpenElement extends XmlElement {
  readonly attributes: XmlAttribute[];
  readonly children: XmlElement[];
}

/**
 * Parses XML into elements with places. Entities other than XML's own five are unknown to the parser and so refused;
 * nothing is fetched.
 */
export function parseXml(source: string, file: string): XmlElement {
  const text = source.replaceAll("\r\n", "\n");
  const parser = new SaxesParser({ xmlns: false, position: true });
  const open: OpenElement[] = [];
  const roots: XmlElement[] = [];
  let position: Position = { line: 1, column: 1 };
  let attributes: XmlAttribute[] = [];
  const lineStart = lineStarts(text);

  parser.on("error", (error) => {
    const detail = error.message.replace(/^(?:.*?:)?\d+:\d+:\s*/, "").replace(/\.$/, "");
    throw configurationError(
      file,
      { line: parser.line, column: Math.max(1, parser.column) },
      `it is not well-formed XML: ${detail}.`,
    );
  });
  parser.on("opentagstart", (tag) => {
    // The parser has read the name and the one character behind it, which may have been a line's end.
    const start = parser.position - tag.name.length - 2;
    const line = parser.column === 0 ? parser.line - 1 : parser.line;
    position = { line, column: start - lineStart(start) + 1 };
    attributes = [];
  });
  parser.on("attribute", (attribute) => {
    const width = attribute.name.length + attribute.value.length + 3;
    attributes.push({
      ...attribute,
      position: { line: parser.line, column: Math.max(1, parser.column - width + 1) },
    });
  });
  parser.on("opentag", (tag) => {
    const element: OpenElement = { name: localName(tag.name), position, attributes, children: [] };
    open.at(-1)?.children.push(element);
    if (open.length === 0) roots.push(element);
    open.push(element);
  });
  parser.on("closetag", () => open.pop());
  parser.on("text", (content) => {
    const inside = open.at(-1);
    if (inside === undefined || content.trim() === "") return;
    throw configurationError(
      file,
      { line: parser.line, column: parser.column },
      `text inside <${inside.name}> has no meaning; options are attributes.`,
    );
  });
  parser.write(text).close();
  const [root] = roots;
  if (root === undefined) throw configurationError(file, null, "it holds no element.");
  return root;
}

/** Where the line begins that holds a place; places must be asked for in ascending order, as none is looked at twice. */
function lineStarts(text: string): (at: number) => number {
  let start = 0;
  let end = text.indexOf("\n");
  return (at) => {
    while (end !== -1 && end < at) {
      start = end + 1;
      end = text.indexOf("\n", start);
    }
    return start;
  };
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
