/** What a process did to its files, in the order of its system calls. */
export type FileEvent =
  | { readonly kind: "create" | "remove"; readonly path: string }
  | { readonly kind: "rename"; readonly path: string; readonly to: string }
  /** `at: null`: at the end. */
  | { readonly kind: "write"; readonly path: string; readonly at: number | null; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly path: string; readonly size: number }
  /** A sync began; it covers what was written before. */
  | { readonly kind: "sync"; readonly path: string; readonly call: number }
  | { readonly kind: "synced"; readonly call: number };

/** The calls that change files, as `strace -e trace=` wants them. */
export const watchedCalls =
  "openat,write,pwrite64,pwritev,ftruncate,fsync,fdatasync,rename,unlink,unlinkat,rmdir,mkdir,fallocate";

/** Reads the output of `strace -f -y -xx`: one call a line, or two where another thread's came in between. */
export function readTrace(text: string): FileEvent[] {
  const events: FileEvent[] = [];
  const underWay = new Map<string, number>();
  let calls = 0;
  for (const line of text.split("\n")) {
    const [, process = "", rest = ""] = /^(\d+) +(.*)$/s.exec(line) ?? [];
    const isEnd = rest.startsWith("<... ");
    if (isEnd) {
      const call = underWay.get(process);
      if (call !== undefined && rest.endsWith("= 0")) events.push({ kind: "synced", call });
      underWay.delete(process);
      continue;
    }
    const isBegun = rest.endsWith("<unfinished ...>");
    if (!isBegun && rest.includes(" = -1 ")) continue;
    const event = eventOf(rest, (calls += 1));
    if (event === null) continue;
    events.push(event);
    if (event.kind !== "sync") continue;
    if (isBegun) underWay.set(process, event.call);
    else events.push({ kind: "synced", call: event.call });
  }
  return events;
}

function eventOf(call: string, number: number): FileEvent | null {
  const name = call.slice(0, call.indexOf("("));
  const texts = [...call.matchAll(/"((?:\\x[0-9a-f]{2})*)"(\.{3})?/g)].map(([, text = "", more]) => {
    if (more !== undefined) throw new Error(`a text of ${name} was cut off`);
    return Buffer.from(text.replaceAll("\\x", ""), "hex");
  });
  const [first = Buffer.alloc(0), second] = texts;
  const opened = /^\w+\(\d+<((?:\\x[0-9a-f]{2})*)>(\(deleted\))?/.exec(call);
  const path = Buffer.from((opened?.[1] ?? "").replaceAll("\\x", ""), "hex").toString();
  const isGone = opened?.[2] !== undefined || path.endsWith(" (deleted)");
  switch (name) {
    case "openat":
      return call.includes("O_CREAT") ? { kind: "create", path: first.toString() } : null;
    case "mkdir":
      return null;
    case "rename":
      return { kind: "rename", path: first.toString(), to: second?.toString() ?? "" };
    case "unlink":
    case "unlinkat":
    case "rmdir":
      return { kind: "remove", path: first.toString() };
    case "fallocate":
      throw new Error("fallocate is not known here");
    default:
      return isGone ? null : onOpenFile(name, path, call, Buffer.concat(texts), number);
  }
}

function onOpenFile(name: string, path: string, call: string, bytes: Buffer, number: number): FileEvent {
  const last = Number(/, (\d+)(?:\) += \d+| <unfinished \.\.\.>)$/.exec(call)?.[1]);
  if (name === "ftruncate") return { kind: "truncate", path, size: last };
  if (name === "fsync" || name === "fdatasync") return { kind: "sync", path, call: number };
  return { kind: "write", path, at: name === "write" ? null : last, bytes };
}
