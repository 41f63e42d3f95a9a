import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { play } from "./play.ts";

const stories = join(import.meta.dirname, "stories");
const files = readdirSync(stories).sort();
const isUpdate = process.env["UPDATE_TRANSCRIPTS"] === "1";

/** Golden conversations, see `README.md` here. `UPDATE_TRANSCRIPTS=1` rewrites them; the difference is read in review. */
describe("transcripts", () => {
  test.each(files)("%s", async (name) => {
    const path = join(stories, name);
    const text = readFileSync(path, "utf8");
    const story = await play(text);
    if (isUpdate) writeFileSync(path, story.text);
    else expect(story.text).toBe(text);

    expect(story.factCount, "facts that its outcome is judged by").toBeGreaterThanOrEqual(2);
    expect(
      story.heading.some((line) => line.startsWith("The original: ")),
      "what the original did",
    ).toBe(true);
  });
});
