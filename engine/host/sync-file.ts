import { open } from "node:fs/promises";

/** Waits, in the background, until what a file holds is on the disk. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}
