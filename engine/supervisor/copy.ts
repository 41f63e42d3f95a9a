import { constants, type Dirent } from "node:fs";
import { copyFile, lstat, mkdir, open, readdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory } from "../host/sync-directory.ts";

/** How often it is told how far a large file is. */
const watchMs = 100;

/** Called now and then with the bytes that came since. */
export type CopyProgress = (bytes: number) => void;

/**
 * Copies a directory with its files so that the copy survives loss of power. Files are cloned where the file system can
 * (no bytes move at all), otherwise copied. The target must not exist.
 */
export async function copyDirectory(source: string, target: string, progress: CopyProgress): Promise<void> {
  await mkdir(target, { mode: 0o700 });
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (entry.isDirectory()) await copyDirectory(from, to, progress);
    else if (entry.isFile()) await copyOne(from, to, progress);
  }
  syncDirectory(target);
}

async function copyOne(from: string, to: string, progress: CopyProgress): Promise<void> {
  let told = 0;
  const tell = async (): Promise<void> => {
    const { size } = await lstat(to);
    if (size <= told) return;
    progress(size - told);
    told = size;
  };
  // The system copies by itself, several times as fast as through this process's memory; how far it is shows in the file.
  const copying = copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  // Before there is a file there is nothing to tell.
  const watch = setInterval(() => void tell().catch(() => undefined), watchMs);
  try {
    await copying;
  } finally {
    clearInterval(watch);
  }
  const file = await open(to, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await tell();
}

/** Bytes of all files in a directory; 0 when there is none. */
export async function directoryBytes(path: string): Promise<number> {
  let bytes = 0;
  for (const entry of await entriesOf(path)) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) bytes += await directoryBytes(child);
    // A file may go between the listing and the look at it, in the store of a running broker.
    else
      bytes += await lstat(child).then(
        ({ size }) => size,
        () => 0,
      );
  }
  return bytes;
}

/** Bytes that can still be written beside `path`. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
