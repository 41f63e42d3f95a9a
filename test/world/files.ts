import { basename } from "node:path";
import type { Files, OpenFile } from "../../engine/host/files.ts";
import type { Pace } from "../../engine/host/sync-pace.ts";
import type { Alarm, Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/** What is wrong with a disk for a while. */
export type DiskTrouble = "none" | "full" | "failing writes" | "failing syncs";

/** A disk writes as much at once or not at all. */
const sectorBytes = 512;

interface Written {
  readonly at: number;
  /** `null`: the file was cut off at `at`. */
  readonly bytes: Uint8Array | null;
}

/** Bytes that grow; what lies between what was written reads as zeros. */
class Bytes {
  size = 0;
  #buffer = Buffer.alloc(1_024);

  get view(): Buffer {
    return this.#buffer.subarray(0, this.size);
  }

  apply({ at, bytes }: Written): void {
    if (bytes === null) {
      if (at < this.size) this.#buffer.fill(0, at, this.size);
      this.size = at;
      return;
    }
    const end = at + bytes.length;
    if (end > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(end, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, this.size);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, at);
    this.size = Math.max(this.size, end);
  }
}

class SimulatedFile {
  /** As programs see it, in the operating system's memory. */
  readonly seen = new Bytes();
  /** Not synced yet, in order. */
  unsynced: Written[] = [];
  /** Writes that there ever were. */
  writeCount = 0;
  readonly #kept = new Bytes();
  /** Synced, and not in {@link #kept} yet: mostly nobody ever looks. */
  #settled: Written[] = [];

  /** As it would be found after a loss of power. */
  get kept(): Bytes {
    for (const written of this.#settled.splice(0)) this.#kept.apply(written);
    return this.#kept;
  }

  write(written: Written): void {
    this.seen.apply(written);
    this.unsynced.push(written);
    this.writeCount += 1;
  }

  /** The writes up to the one of this number are on the disk. */
  settle(through = this.writeCount): void {
    const newer = this.writeCount - through;
    const settled = this.unsynced.length - newer;
    if (settled > 0) this.#settled.push(...this.unsynced.splice(0, settled));
  }
}

/**
 * A directory of files whose every byte is known: what was written and not synced is lost, torn or kept when the power
 * goes, and survives when only the process dies. New names and removals are like writes to the directory.
 */
export class SimulatedFiles implements Files {
  trouble: DiskTrouble = "none";
  /** How long a sync takes, in milliseconds; asked for each one. */
  latencyMs: () => number = () => 1;
  /** Whether the process waits for a sync that could be done in the background, which then takes no time here. */
  pace: Pace = { isQuick: () => false, timed: (wait) => wait() };
  readonly #clock: Clock;
  readonly #random: Random;
  #seen = new Map<string, SimulatedFile>();
  #kept = new Map<string, SimulatedFile>();
  /** Names came or went since the directory was synced. */
  #isChanged = false;
  readonly #underWay = new Set<Alarm>();
  #lastSyncAt = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  list(): string[] {
    return [...this.#seen.keys()].sort();
  }

  open(path: string): OpenFile {
    const file = this.#seen.get(basename(path));
    if (file === undefined) throw failure("ENOENT", "no such file or directory", "open");
    return this.#handle(file);
  }

  create(path: string): OpenFile {
    if (this.#seen.has(basename(path))) throw failure("EEXIST", "file already exists", "open");
    this.#refuseWrites("open");
    const file = new SimulatedFile();
    this.#seen.set(basename(path), file);
    this.#isChanged = true;
    return this.#handle(file);
  }

  remove(path: string): void {
    this.#seen.delete(basename(path));
    this.#isChanged = true;
  }

  syncDirectory(): void {
    this.#refuseSyncs();
    if (this.#isChanged) this.#kept = new Map(this.#seen);
    this.#isChanged = false;
  }

  /** Runs `action` when the disk is done with something, unless the process is gone by then. */
  afterSync(action: (error: Error | null) => void): void {
    this.#lastSyncAt = Math.max(this.#lastSyncAt, this.#clock.now) + this.latencyMs();
    const alarm = this.#clock.at(this.#lastSyncAt, () => {
      this.#underWay.delete(alarm);
      action(this.trouble === "failing syncs" ? failure("EIO", "i/o error", "fdatasync") : null);
    });
    this.#underWay.add(alarm);
  }

  /** Throws as a write would that finds no room, or a broken disk. */
  refuseWrites(): void {
    this.#refuseWrites("write");
  }

  /** The process is gone: what it wrote stays, and nobody waits for its syncs any more. */
  dropProcess(): void {
    for (const alarm of this.#underWay) alarm.cancel();
    this.#underWay.clear();
    this.#lastSyncAt = 0;
  }

  /** The machine is gone: of what was not synced anything may be there, whole or in part; or nothing at all. */
  losePower(kept: "anything" | "nothing" = "anything"): void {
    this.dropProcess();
    if (kept === "nothing") for (const file of this.#seen.values()) file.unsynced = [];
    for (const [name, file] of this.#seen)
      if (!this.#kept.has(name) && this.#random.chance(0.5)) this.#kept.set(name, file);
    for (const name of [...this.#kept.keys()])
      if (!this.#seen.has(name) && this.#random.chance(0.5)) this.#kept.delete(name);
    this.#seen = new Map();
    for (const [name, file] of this.#kept) this.#seen.set(name, this.#afterLoss(file));
    this.#kept = new Map(this.#seen);
  }

  /** Becomes what `other` is, all of it synced. */
  copyFrom(other: SimulatedFiles): void {
    this.#seen = new Map();
    for (const [name, { seen }] of other.#seen) {
      const file = new SimulatedFile();
      const bytes = Buffer.from(seen.view);
      file.seen.apply({ at: 0, bytes });
      file.kept.apply({ at: 0, bytes });
      this.#seen.set(name, file);
    }
    this.#kept = new Map(this.#seen);
  }

  clear(): void {
    this.#seen = new Map();
    this.#kept = new Map();
  }

  /** Everything written is on the disk, at once. */
  syncAll(): void {
    for (const file of this.#seen.values()) file.settle();
    this.#kept = new Map(this.#seen);
  }

  content(name: string): Buffer {
    return this.#seen.get(name)?.seen.view ?? Buffer.alloc(0);
  }

  /** Changes one bit, on the platter as well as in what is read from it. */
  flip(name: string, at: number): void {
    const file = this.#seen.get(name);
    if (file === undefined) return;
    for (const bytes of [file.seen, file.kept])
      if (at < bytes.size) bytes.apply({ at, bytes: Uint8Array.of(bytes.view[at]! ^ 0x10) });
  }

  #handle(file: SimulatedFile): OpenFile {
    return {
      sizeBytes: () => file.seen.size,
      read: (target, position) => {
        file.seen.view.copy(target, 0, position);
      },
      write: (parts, position) => this.#write(file, parts, position),
      truncate: (size) => file.write({ at: size, bytes: null }),
      sync: () => this.#sync(file),
      syncContent: () => this.#sync(file),
      syncContentLater: (done) => {
        const through = file.writeCount;
        this.afterSync((error) => {
          if (error === null) file.settle(through);
          done(error);
        });
      },
      close: () => undefined,
    };
  }

  #sync(file: SimulatedFile): void {
    this.#refuseSyncs();
    file.settle();
  }

  #write(file: SimulatedFile, parts: readonly Uint8Array[], position: number): void {
    const bytes = Buffer.concat(parts);
    if (this.trouble === "full" || this.trouble === "failing writes") {
      // What fitted stays; a system finds room, or fails, for whole sectors.
      const fitting = position + this.#random.below(bytes.length);
      const some = bytes.subarray(0, Math.max(0, sectorBorder(fitting) - position));
      file.write({ at: position, bytes: some });
      this.#refuseWrites("writev");
    }
    file.write({ at: position, bytes });
  }

  #afterLoss({ kept, unsynced }: SimulatedFile): SimulatedFile {
    const after = new SimulatedFile();
    after.kept.apply({ at: 0, bytes: Buffer.from(kept.view) });
    for (const written of unsynced) {
      const fate = this.#random.below(3);
      if (fate === 0) after.kept.apply(written);
      else if (fate === 1)
        for (const sector of sectorsOf(written)) if (this.#random.chance(0.5)) after.kept.apply(sector);
    }
    after.seen.apply({ at: 0, bytes: Buffer.from(after.kept.view) });
    return after;
  }

  #refuseWrites(syscall: string): void {
    if (this.trouble === "full") throw failure("ENOSPC", "no space left on device", syscall);
    if (this.trouble === "failing writes") throw failure("EIO", "i/o error", syscall);
  }

  #refuseSyncs(): void {
    if (this.trouble === "failing syncs") throw failure("EIO", "i/o error", "fsync");
  }
}

/** The last border between sectors at or before `at`. */
function sectorBorder(at: number): number {
  return Math.floor(at / sectorBytes) * sectorBytes;
}

/** A write in the pieces of which each gets to the disk or not; a cut is one of the directory's, and whole. */
function* sectorsOf({ at, bytes }: Written): Generator<Written> {
  if (bytes === null) return;
  for (let from = at; from < at + bytes.length; from = sectorBorder(from) + sectorBytes)
    yield { at: from, bytes: bytes.subarray(from - at, sectorBorder(from) + sectorBytes - at) };
}

function failure(code: string, text: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: ${text}, ${syscall}`), { code, syscall });
}
