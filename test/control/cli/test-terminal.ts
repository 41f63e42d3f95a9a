import type { Terminal } from "../../../engine/cli/terminal.ts";

/** A terminal that remembers what was printed, and stops when it is told to. */
export interface TestTerminal extends Terminal {
  readonly printed: { out: string; err: string };
  stop(): void;
}

export function testTerminal(
  environment: Record<string, string> = {},
  input: string | null = null,
): TestTerminal {
  const printed = { out: "", err: "" };
  const stopping = new AbortController();
  return {
    printed,
    out: (content) =>
      void (printed.out += typeof content === "string" ? content : Buffer.from(content).toString("latin1")),
    err: (text) => void (printed.err += text),
    environment,
    platform: "linux",
    home: "/home/me",
    isInputTyped: input === null,
    isErrorSeen: false,
    readInput: () => Promise.resolve(Buffer.from(input ?? "", "latin1")),
    untilStopped: () => stopping.signal,
    outliveReader: () => undefined,
    stop: () => {
      stopping.abort();
    },
  };
}
