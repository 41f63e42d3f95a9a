import { readdirSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "./program.ts";

/** libfaketime, where a Linux has it installed; `null`: it has not. */
function libraryPath(): string | null {
  const roots = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].filter((path) => existsSync(path));
  const candidates = roots.flatMap((path) => [path, ...readdirSync(path).map((name) => join(path, name))]);
  return (
    candidates.map((path) => join(path, "faketime", "libfaketime.so.1")).find((path) => existsSync(path)) ??
    null
  );
}

/** The wall clock of all processes that get `environment`; their monotonic clock and their timers go on undisturbed. */
export interface FakeClock {
  readonly environment: Record<string, string>;
  /** From now on the clock is that far from the true time. */
  setOffset(seconds: number): void;
}

/** `null` where libfaketime is missing. The operating system's own clock is nobody's to set. */
export function fakeClock(): FakeClock | null {
  const library = libraryPath();
  if (library === null) return null;
  const file = join(temporaryDirectory(), "offset");
  const setOffset = (seconds: number): void => {
    writeFileSync(file, `${seconds < 0 ? "" : "+"}${seconds}s\n`);
  };
  setOffset(0);
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      // Times of files stay true: they are compared with nothing, and tools would be confused.
      NO_FAKE_STAT: "1",
    },
    setOffset,
  };
}
