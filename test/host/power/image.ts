import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Random } from "../../world/random.ts";
import type { FileEvent } from "./trace.ts";

/** A disk writes as much at once or not at all. */
const sectorBytes = 512;

interface Change {
  readonly at: number;
  /** `null`: cut off there. */
  readonly bytes: Buffer | null;
  readonly event: number;
}

interface TracedFile {
  /** What has been synced. */
  kept: Buffer;
  size: number;
  pending: Change[];
}

type Names = Map<string, TracedFile>;

/** What becomes of the writes that no sync has covered. */
export type Fate = "lost" | "kept" | "by the sector";

/** Files as a trace changes them, and what may be found of them when the power goes. */
export class TracedDisk {
  #names: Names = new Map();
  /** Names as they were after each change of them that no sync of a directory has covered; the first is sure. */
  #namings: { event: number; names: Names }[] = [{ event: 0, names: new Map() }];
  readonly #syncs = new Map<number, { path: string; event: number }>();
  #event = 0;

  take(event: FileEvent): void {
    this.#event += 1;
    switch (event.kind) {
      case "create":
        if (this.#names.has(event.path)) return;
        return this.#rename((names) =>
          names.set(event.path, { kept: Buffer.alloc(0), size: 0, pending: [] }),
        );
      case "remove":
        if (!this.#names.has(event.path)) return;
        return this.#rename((names) => names.delete(event.path));
      case "rename":
        return this.#rename((names) => {
          for (const [path, file] of [...names]) {
            if (path !== event.path && !path.startsWith(`${event.path}/`)) continue;
            names.delete(path);
            names.set(event.to + path.slice(event.path.length), file);
          }
        });
      case "write":
        return this.#change(event.path, event.at, event.bytes);
      case "truncate":
        return this.#change(event.path, event.size, null);
      case "sync":
        this.#syncs.set(event.call, { path: event.path, event: this.#event });
        return;
      case "synced":
        return this.#synced(event.call);
    }
  }

  /** Puts what may be found after the power went into `root`, in the place of `from`. */
  write(root: string, from: string, fate: Fate, random: Random): void {
    const last = this.#namings.length - 1;
    const naming = this.#namings[fate === "lost" ? 0 : fate === "kept" ? last : random.below(last + 1)];
    for (const [path, file] of naming!.names) {
      if (!path.startsWith(`${from}/`)) continue;
      const target = join(root, path.slice(from.length));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, found(file, fate, random));
    }
  }

  #rename(action: (names: Names) => void): void {
    const names = new Map(this.#names);
    action(names);
    this.#names = names;
    this.#namings.push({ event: this.#event, names });
  }

  #change(path: string, at: number | null, bytes: Buffer | null): void {
    const file = this.#names.get(path);
    if (file === undefined) return;
    const position = at ?? file.size;
    file.pending.push({ at: position, bytes, event: this.#event });
    file.size = bytes === null ? position : Math.max(file.size, position + bytes.length);
  }

  #synced(call: number): void {
    const { path, event } = this.#syncs.get(call) ?? {};
    if (path === undefined || event === undefined) return;
    const file = this.#names.get(path);
    if (file === undefined) {
      // A directory: the names in it are safe, and with them, as in a journal of the file system, all earlier changes.
      const sure = this.#namings.findLastIndex((naming) => naming.event <= event);
      this.#namings.splice(0, sure);
      return;
    }
    for (const change of file.pending.filter((one) => one.event <= event))
      file.kept = applied(file.kept, change);
    file.pending = file.pending.filter((one) => one.event > event);
  }
}

function found({ kept, pending }: TracedFile, fate: Fate, random: Random): Buffer {
  let content = kept;
  for (const change of pending) {
    if (fate === "kept") content = applied(content, change);
    else if (fate === "by the sector")
      for (const part of sectorsOf(change)) if (random.chance(0.5)) content = applied(content, part);
  }
  return content;
}

function applied(content: Buffer, { at, bytes }: Change): Buffer {
  const end = bytes === null ? at : Math.max(content.length, at + bytes.length);
  const result = Buffer.alloc(end);
  content.copy(result, 0, 0, end);
  if (bytes !== null) result.set(bytes, at);
  return result;
}

function sectorsOf(change: Change): Change[] {
  const { at, bytes, event } = change;
  if (bytes === null) return [change];
  const parts: Change[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = Math.min(bytes.length, start + sectorBytes - ((at + start) % sectorBytes));
    parts.push({ at: at + start, bytes: bytes.subarray(start, end), event });
    start = end;
  }
  return parts;
}
