import { createWriteStream, mkdirSync, symlinkSync } from "node:fs";
import { text } from "node:stream/consumers";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import yauzl from "yauzl";

const fileTypeMask = 0o170000;
const symbolicLink = 0o120000;

/**
 * Unpacks a zip file with its permissions and links. yauzl refuses names that would leave the target.
 *
 * @param {string} zipPath
 * @param {string} target
 * @param {(name: string) => boolean} isWanted
 * @returns {Promise<void>}
 */
export async function extractZip(zipPath, target, isWanted) {
  const zip = await yauzl.openPromise(zipPath);
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName.endsWith("/") || !isWanted(entry.fileName)) continue;
    const path = join(target, entry.fileName);
    mkdirSync(dirname(path), { recursive: true });
    const content = await zip.openReadStreamPromise(entry);
    // The upper half holds the Unix mode.
    const mode = entry.externalFileAttributes >>> 16;
    if ((mode & fileTypeMask) === symbolicLink) symlinkSync(await text(content), path);
    else await pipeline(content, createWriteStream(path, { mode: mode & 0o777 || 0o644 }));
  }
}
