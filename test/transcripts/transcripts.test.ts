import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Stage } from "./stage.ts";

const here = import.meta.dirname;

/**
 * Golden conversations: a file is a title, then paragraphs of a command, `----`, and every message and effect that it
 * caused. `UPDATE_TRANSCRIPTS=1 npm run unit -- test/transcripts` rewrites them; the difference is read in review.
 */
for (const name of readdirSync(here).filter((one) => one.endsWith(".txt")))
  test(`transcript: ${name.replace(".txt", "").replaceAll("-", " ")}`, () => {
    const path = join(here, name);
    const text = readFileSync(path, "utf8");
    const played = play(text);
    if (process.env["UPDATE_TRANSCRIPTS"] === "1") writeFileSync(path, played);
    else expect(played).toBe(text);
  });

function play(text: string): string {
  const stage = new Stage();
  const [title = "", ...paragraphs] = text.trimEnd().split("\n\n");
  const told = paragraphs.map((paragraph) => {
    const command = paragraph.split("\n")[0] ?? "";
    return [command, "----", ...stage.perform(command)].join("\n");
  });
  return `${[title, ...told].join("\n\n")}\n`;
}
