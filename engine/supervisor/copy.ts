import { constants, type Dirent } from "node:fs";
import { copyFile, lstat, mkdir, open, readdir, rm, statfs, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory } from "../host/sync-directory.ts";

const chunkBytes = 4 * 1024 * 1024;

/** Called after each piece with the bytes it had. */
export type CopyProgress = (bytes: number) => void;

/**
 * Copies a directory with its files so that the copy survives loss of power. Files are cloned where the file system can
 * (no bytes move at all), otherwise streamed. The target must not exist.
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
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
  } catch {
    await streamFile(from, to, progress);
    return;
  }
  const file = await open(to, "r+");
  try {
    await file.sync();
    progress((await file.stat()).size);
  } finally {
    await file.close();
  }
}

async function streamFile(from: string, to: string, progress: CopyProgress): Promise<void> {
  // A failed clone may leave an empty file behind.
  await rm(to, { force: true });
  const source = await open(from, "r");
  try {
    const target = await open(to, "wx", 0o600);
    try {
      await pump(source, target, progress);
      await target.sync();
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function pump(source: FileHandle, target: FileHandle, progress: CopyProgress): Promise<void> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, chunkBytes, null);
    if (bytesRead === 0) return;
    for (let written = 0; written < bytesRead;) {
      written += (await target.write(buffer, written, bytesRead - written)).bytesWritten;
    }
    progress(bytesRead);
  }
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
