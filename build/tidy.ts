// Our own linter: what the general ones cannot know. Run as a test (test/tidy.test.ts); each message says what to
// move where.
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";
import {
  areas,
  bannedInEngine,
  bannedInPureAreas,
  linesPerFileMax,
  longFiles,
  type Area,
} from "./directions.ts";

/** Text by path from the root, with forward slashes. */
export type Sources = ReadonlyMap<string, string>;

interface Import {
  readonly target: string;
  /** Gone once the types are stripped. */
  readonly typeOnly: boolean;
}

const folders = ["build", "electron", "engine", "renderer", "test"];
const endings = [".ts", ".mjs", ".svelte"];

/** All problems, one sentence each. */
export function tidy(sources: Sources): string[] {
  const perFile = [...sources].flatMap(([path, text]) => [
    ...checkLength(path, text),
    ...checkContents(path, text),
    ...importsOf(text).flatMap((one) => checkImport(path, one.target)),
  ]);
  return [...perFile, ...findCycles(sources)];
}

export function readSources(root: string): Sources {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/")),
  );
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

function checkLength(path: string, text: string): string[] {
  const lines = text.split("\n").length - 1;
  const allowed = longFiles[path];
  if (allowed === undefined) {
    return lines > linesPerFileMax
      ? [`${path} has ${lines} lines, more than ${linesPerFileMax}: split it by what it does.`]
      : [];
  }
  if (lines > allowed) return [`${path} grew from ${allowed} to ${lines} lines: move something out of it.`];
  if (lines < allowed) return [`${path} shrank to ${lines} lines: lower its number in build/directions.ts.`];
  return [];
}

function checkContents(path: string, text: string): string[] {
  const area = areaOf(path);
  if (area === undefined && path.startsWith("engine/")) {
    return [`${path} belongs to no area: move it into one, or add one to build/directions.ts.`];
  }
  const banned = [
    ...(area?.pure === true ? bannedInPureAreas : []),
    ...(path.startsWith("engine/") ? bannedInEngine : []),
  ];
  const code = withoutComments(text);
  return banned.flatMap(({ pattern, instead }) => {
    const found = pattern.exec(code)?.[0].trim();
    return found === undefined ? [] : [`${path} uses \`${found}\`: ${instead}.`];
  });
}

function checkImport(path: string, target: string): string[] {
  const area = areaOf(path);
  if (target.startsWith(".")) return checkRelativeImport(path, area, target);
  if (area === undefined || area.packages.some((allowed) => isPackage(allowed, target))) return [];
  const homes = areas.filter((other) => other.packages.some((allowed) => isPackage(allowed, target)));
  return [
    `${path} imports ${target}, which \`${area.name}\` may not; ` +
      `these may: ${homes.map((home) => home.name).join(", ") || "none (see build/directions.ts)"}.`,
  ];
}

function checkRelativeImport(path: string, area: Area | undefined, target: string): string[] {
  if (!/\.\w+$/.test(target))
    return [`${path} imports ${target} without its ending: Node needs it spelled out.`];
  const other = areaOf(resolve(path, target));
  if (area === undefined || other === undefined || other === area || area.imports.includes(other.name))
    return [];
  return [
    `${path} imports ${resolve(path, target)}, but \`${area.name}\` may not know \`${other.name}\`: ` +
      `move what both need to one of ${[area.name, ...area.imports].join(", ")}, or pass it in as an argument.`,
  ];
}

/** Two files that need each other are one thought in two places. Types may: they are gone when the code runs. */
function findCycles(sources: Sources): string[] {
  const finished = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      cycles.push(`Import cycle: ${[...trail.slice(trail.indexOf(path)), path].join(" → ")}.`);
      return;
    }
    if (finished.has(path)) return;
    for (const { target, typeOnly } of importsOf(sources.get(path) ?? "")) {
      if (target.startsWith(".") && !typeOnly) visit(resolve(path, target), [...trail, path]);
    }
    finished.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  return cycles;
}

function importsOf(text: string): Import[] {
  const code = withoutTexts(withoutComments(text));
  const statements = code.matchAll(/^\s*(?:import|export)\s+([^"';]*?)\s*from\s+"([^"]+)"/gm);
  const others = code.matchAll(/\bimport\(\s*"([^"]+)"\s*\)|^\s*import\s+"([^"]+)"/gm);
  return [
    ...[...statements].map((match) => ({ target: match[2] ?? "", typeOnly: isTypeOnly(match[1] ?? "") })),
    ...[...others].map((match) => ({ target: match[1] ?? match[2] ?? "", typeOnly: false })),
  ];
}

/** `import type …`, or braces that hold nothing but `type …`. */
function isTypeOnly(clause: string): boolean {
  if (/^type\s/.test(clause)) return true;
  const inner = /^\{([^}]*)\}$/.exec(clause)?.[1];
  const names =
    inner
      ?.split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "") ?? [];
  return names.length > 0 && names.every((name) => name.startsWith("type "));
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

/** Without templates of several lines: code that people are shown imports nothing. */
function withoutTexts(code: string): string {
  return code.replaceAll(/`(?:[^`\\]|\\[\s\S])*`/g, (template) =>
    template.includes("\n") ? "``" : template,
  );
}

function areaOf(path: string): Area | undefined {
  return areas.find((area) =>
    area.paths.some((prefix) => (prefix.endsWith("/") ? path.startsWith(prefix) : path === prefix)),
  );
}

function resolve(from: string, target: string): string {
  return posix.normalize(posix.join(posix.dirname(from), target));
}

function isPackage(allowed: string, target: string): boolean {
  if (allowed === "node:*") return target.startsWith("node:");
  return target === allowed || target.startsWith(`${allowed}/`);
}
