import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect } from "vitest";
import { BrokerError, errorTable, type ErrorCode } from "../../engine/base/errors.ts";

/** `npm run fuzz -- --minutes 10`: so long for each property, instead of the few runs of every test run. */
const minutes = Number(process.env["UNDERSTUDY_MINUTES"] ?? 0);

/** How often, or how long, a property is tried. A failure prints the seed that repeats it, and the smallest input. */
export function runs(count: number): {
  numRuns: number;
  plugins?: ReturnType<typeof fc.interruptAfterTimeLimit>[];
} {
  if (minutes === 0) return { numRuns: count };
  const endInTime = fc.interruptAfterTimeLimit(minutes * 60_000, { failOnInterrupt: false });
  return { numRuns: Number.MAX_SAFE_INTEGER, plugins: [endInTime] };
}

/** A property that is tried for minutes needs more time than a test has otherwise. */
export const fuzzTimeoutMs = minutes * 60_000 + 60_000;

const corpusDirectory = join(import.meta.dirname, "corpus");

/** Inputs that once did harm, or that lead deep into the code; each is replayed, and mutated further. */
export function corpus(subject: string): { name: string; bytes: Uint8Array }[] {
  const directory = join(corpusDirectory, subject);
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .sort()
    .map((name) => ({ name, bytes: readFileSync(join(directory, name)) }));
}

/**
 * What `work` gives, or the code of the `BrokerError` it threw; anything else that it throws fails the test. With
 * `allowed`, so does any other code.
 */
export function outcome<Result>(
  work: () => Result,
  allowed: readonly ErrorCode[] = Object.keys(errorTable) as ErrorCode[],
): { result: Result } | { code: ErrorCode } {
  try {
    return { result: work() };
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    expect(allowed).toContain(error.code);
    // A placeholder that nobody filled would be shown to people.
    expect(error.message).not.toMatch(/\{(sizeBytes|limitBytes|protocol|detail|header|value|expected)\}/);
    return { code: error.code };
  }
}
