import { homedir } from "node:os";

/** What a command may touch of the process it runs in; tests give their own. */
export interface Terminal {
  /** Standard output: only what the command was asked for. */
  out(content: string | Uint8Array): void;
  /** Standard error: everything else. */
  err(text: string): void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  /** Whether a person types at standard input, so that nothing is to be read from it. */
  readonly isInputTyped: boolean;
  /** Whether a person sees standard error, so that a line may be rewritten. */
  readonly isErrorSeen: boolean;
  /** Standard input to its end. */
  readInput(): Promise<Uint8Array>;
  /** Aborted when the process is asked to end (SIGINT, SIGTERM, SIGHUP); asked again, it ends at once. */
  untilStopped(): AbortSignal;
  /** From now on the command goes on, unheard, when whoever read its output is gone; without this it ends then. */
  outliveReader(): void;
}

export function realTerminal(): Terminal {
  let outlivesReader = false;
  // `understudy events | head` closes our output: that is an end, not an error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (!outlivesReader) process.exit(0);
  });
  // What cannot be said because nobody listens must not end anything.
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    out: (content) => void process.stdout.write(content),
    err: (text) => void process.stderr.write(text),
    environment: process.env,
    platform: process.platform,
    home: homedir(),
    isInputTyped: process.stdin.isTTY,
    isErrorSeen: process.stderr.isTTY,
    readInput,
    untilStopped,
    outliveReader: () => void (outlivesReader = true),
  };
}

async function readInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

function untilStopped(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(1);
      controller.abort();
    });
  }
  return controller.signal;
}
