import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type YAMLMap } from "yaml";
import { connectorFields, suggestion } from "./names.ts";
import {
  addSetting,
  configurationError,
  noticeAt,
  type Position,
  type Reading,
  type Settings,
} from "./settings.ts";

/**
 * Reads a configuration in YAML, and so in JSON, which is a part of it: one mapping of option names to values. The
 * parser's tree is walked here instead of being turned into an object, because each value keeps its line, and because
 * anchors, aliases and merges, with which a small file can unfold into gigabytes, have no place in a configuration.
 */
export function readYaml(text: string, file: string): Reading {
  const lines = new LineCounter();
  const document = parse(text, file, lines);
  const settings: Settings = new Map();
  const notices: string[] = [];
  const walk = new Walk(file, lines);
  const root: unknown = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return { brokers: [settings], notices };
  if (!isMap(root)) {
    throw configurationError(
      file,
      walk.positionOf(root as Node),
      'a configuration is a mapping of names to values, such as "primaryPort: 61616".',
    );
  }
  for (const { name, value, position } of walk.entries(root)) {
    if (name === "$schema") continue;
    if (name === "useJmx") {
      notices.push(
        noticeAt(
          file,
          position,
          "useJmx has no effect: there is no JMX; the control API and /metrics tell the same.",
        ),
      );
      continue;
    }
    addSetting(settings, { spelled: name, value: walk.plain(value, 0), position }, file);
    if (name.endsWith("Connector") && isMap(value)) walk.checkConnector(value, name);
  }
  return { brokers: [settings], notices };
}

function parse(text: string, file: string, lines: LineCounter): ReturnType<typeof parseDocument> {
  let document: ReturnType<typeof parseDocument>;
  try {
    // Unique keys are checked in `entries`: the parser's own check compares each key with all before it.
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      version: "1.2",
      merge: false,
      logLevel: "error",
    });
  } catch (error) {
    throw configurationError(
      file,
      null,
      `it cannot be read as YAML or JSON: ${error instanceof RangeError ? "it is nested too deeply" : String(error)}.`,
    );
  }
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const place = lines.linePos(problem.pos[0]);
    const detail =
      problem.code === "MULTIPLE_DOCS"
        ? "a file holds one document, and this one holds several"
        : problem.message.includes("call stack")
          ? "it is nested too deeply"
          : problem.message;
    throw configurationError(file, { line: place.line, column: place.col }, `${detail.replace(/\.$/, "")}.`);
  }
  return document;
}

interface Entry {
  readonly name: string;
  readonly value: unknown;
  readonly position: Position;
}

/** The parser's tree as names, plain values and places. */
class Walk {
  readonly #file: string;
  readonly #lines: LineCounter;

  constructor(file: string, lines: LineCounter) {
    this.#file = file;
    this.#lines = lines;
  }

  positionOf(node: Node): Position {
    const place = this.#lines.linePos(node.range?.[0] ?? 0);
    return { line: place.line, column: place.col };
  }

  entries(map: YAMLMap): Entry[] {
    const seen = new Set<string>();
    return map.items.map(({ key, value }) => {
      const position = this.positionOf(key as Node);
      if (!isScalar(key) || typeof key.value !== "string")
        throw configurationError(this.#file, position, "a name must be a plain text.");
      if (seen.has(key.value))
        throw configurationError(this.#file, position, `"${key.value}" is given twice; keep one.`);
      seen.add(key.value);
      return { name: key.value, value, position };
    });
  }

  plain(node: unknown, depth: number): unknown {
    if (depth > depthMax)
      throw configurationError(this.#file, this.positionOf(node as Node), "it is nested too deeply.");
    if (node === null || node === undefined) return null;
    if (isAlias(node)) {
      throw configurationError(
        this.#file,
        this.positionOf(node),
        `aliases ("*${node.source}") are not allowed in a configuration; write the value out.`,
      );
    }
    if (isScalar(node)) return node.value;
    if (isSeq(node)) return node.items.map((item) => this.plain(item, depth + 1));
    if (!isMap(node))
      throw configurationError(
        this.#file,
        null,
        "it holds something that is neither a value, a list nor a mapping.",
      );
    return Object.fromEntries(
      this.entries(node).map(({ name, value }) => [name, this.plain(value, depth + 1)]),
    );
  }

  checkConnector(map: YAMLMap, connector: string): void {
    for (const { name, position } of this.entries(map)) {
      if ((connectorFields as readonly string[]).includes(name)) continue;
      throw configurationError(
        this.#file,
        position,
        `${connector} has no option "${name}"${suggestion(name, connectorFields) || "."}`,
      );
    }
  }
}

/** Users are a list of mappings: two levels. More than that means nothing here. */
const depthMax = 8;
