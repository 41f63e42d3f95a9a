import { Stage } from "./stage.ts";
import { untruth } from "./facts.ts";

export interface Story {
  /** The heading's lines, without their marks. */
  readonly heading: readonly string[];
  readonly factCount: number;
  /** The whole file as it should be. */
  readonly text: string;
}

/**
 * Plays a story's file. It begins with a heading (lines with `#`); then come paragraphs: of commands, `----` and all
 * that came of them, or of facts (lines with `=>`), which must be true. Remarks (`#`) may stand before a command.
 */
export async function play(text: string): Promise<Story> {
  const stage = new Stage();
  const [heading = "", ...paragraphs] = text.trimEnd().split("\n\n");
  const told: string[] = [heading];
  let factCount = 0;
  try {
    for (const paragraph of paragraphs) {
      const lines = paragraph.split("\n");
      const facts = lines.filter((line) => line.startsWith("=> ")).map((line) => line.slice(3));
      factCount += facts.length;
      told.push(facts.length > 0 ? paragraph : await act(stage, lines));
      for (const fact of facts) {
        const found = untruth(stage, fact);
        if (found !== null) throw new Error(`not true: "${fact}"; ${found}\n${told.slice(-3).join("\n\n")}`);
      }
    }
  } finally {
    stage.dispose();
  }
  return {
    heading: heading.split("\n").map((line) => line.replace(/^# ?/, "")),
    factCount,
    text: `${told.join("\n\n")}\n`,
  };
}

async function act(stage: Stage, lines: readonly string[]): Promise<string> {
  const end = lines.indexOf("----");
  const script = end === -1 ? lines : lines.slice(0, end);
  const commands = script.filter((line) => !line.startsWith("# "));
  const told = await stage.perform(commands).catch((error: unknown) => {
    throw new Error(`${script.join(", ")}: ${(error as Error).message}\n${stage.told.join("\n")}`, {
      cause: error,
    });
  });
  // How a pair is started is told where it matters, and nowhere else.
  return (told.length === 0 ? script : [...script, "----", ...told]).join("\n");
}
