import { execFile } from "node:child_process";
import { z } from "zod";
import type { ChildRuntime } from "./runtime.ts";

/** What the store check says of a stopped store. */
const storeReport = z.discriminatedUnion("sound", [
  z.object({
    sound: z.literal(true),
    position: z.object({ epoch: z.number(), op: z.number(), digest: z.string() }),
    pairId: z.string().nullable(),
    messages: z.number(),
    storeBytes: z.number(),
  }),
  z.object({ sound: z.literal(false), detail: z.string() }),
]);
export type StoreReport = z.infer<typeof storeReport>;

/** Reads a stopped store from end to end in a process of its own, since SQLite does not load everywhere we run. */
export type StoreCheck = (directory: string) => Promise<StoreReport>;

const storeCheckTimeoutMs = 600_000;

/** The real check: runs `store-check <directory>` and reads the one line that it prints. */
export function storeCheckProcess(runtime: ChildRuntime): StoreCheck {
  return (directory) =>
    new Promise((resolve) => {
      const env = runtime.env as NodeJS.ProcessEnv;
      const options = { env, timeout: storeCheckTimeoutMs, maxBuffer: 1024 * 1024 };
      execFile(
        runtime.execPath,
        [runtime.entry("store-check"), directory],
        options,
        (error, stdout, stderr) => {
          const report = parse(stdout);
          if (report !== null && error === null) resolve(report);
          else
            resolve({
              sound: false,
              detail: lastLine(stderr) ?? error?.message ?? "the check printed nothing that can be read",
            });
        },
      );
    });
}

function parse(stdout: string): StoreReport | null {
  try {
    return storeReport.parse(JSON.parse(stdout.trim()));
  } catch {
    return null;
  }
}

function lastLine(text: string): string | null {
  const line = text.trim().split("\n").at(-1) ?? "";
  return line === "" ? null : line.slice(0, 500);
}
