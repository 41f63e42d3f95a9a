import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writevSync,
} from "node:fs";
import { syncDirectory } from "./sync-directory.ts";

/**
 * What the journal asks of the operating system. The real one is {@link realFiles}; the simulator has one that loses
 * what was not synced, tears writes, fills up and fails, so that the journal itself runs there and not a likeness.
 */
export interface Files {
  list(directory: string): string[];
  /** Opens an existing file. */
  open(path: string): OpenFile;
  /** Makes a new file. Its name survives loss of power only after {@link syncDirectory}. */
  create(path: string): OpenFile;
  remove(path: string): void;
  syncDirectory(path: string): void;
}

export interface OpenFile {
  sizeBytes(): number;
  /** Fills `target` from `position` on, as far as the file goes. */
  read(target: Buffer, position: number): void;
  /** Writes all parts one behind the other, into the operating system's hands. */
  write(parts: readonly Uint8Array[], position: number): void;
  truncate(sizeBytes: number): void;
  /** Returns when all that was written is on the disk. */
  sync(): void;
  /** Returns when all that was written can be read again; what else is known of the file may take longer. */
  syncContent(): void;
  /** The same in the background. */
  syncContentLater(done: (error: Error | null) => void): void;
  close(): void;
}

export const realFiles: Files = {
  list: (directory) => readdirSync(directory),
  open: (path) => openFile(openSync(path, "r+")),
  create: (path) => openFile(openSync(path, "wx+", 0o600)),
  remove: (path) => {
    rmSync(path, { force: true });
  },
  syncDirectory,
};

function openFile(file: number): OpenFile {
  return {
    sizeBytes: () => fstatSync(file).size,
    read: (target, position) => void readSync(file, target, 0, target.length, position),
    write: (parts, position) => {
      writeAll(file, parts, position);
    },
    truncate: (sizeBytes) => {
      ftruncateSync(file, sizeBytes);
    },
    sync: () => {
      fsyncSync(file);
    },
    syncContent: () => {
      fdatasyncSync(file);
    },
    syncContentLater: (done) => {
      fdatasync(file, done);
    },
    close: () => {
      closeSync(file);
    },
  };
}

function writeAll(file: number, parts: readonly Uint8Array[], position: number): void {
  // One call takes at most 1,024 pieces on most systems.
  let at = position;
  for (let index = 0; index < parts.length; index += 1_024) {
    const some = parts.slice(index, index + 1_024);
    const size = some.reduce((sum, part) => sum + part.length, 0);
    const written = writevSync(file, some, at);
    if (written < size) writeAll(file, [Buffer.concat(some).subarray(written)], at + written);
    at += size;
  }
}
