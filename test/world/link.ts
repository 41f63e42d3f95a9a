import { digestBytes, emptyDigest, type Digest } from "../../engine/base/checksum.ts";

/** A digest as a text to compare and look up by: a character for each byte, which is made quickly. */
export function linkOf(digest: Digest): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digestBytes).toString("latin1");
}

export const firstLink = linkOf(emptyDigest);

/** Whether an entry's bytes begin with the digest that `link` is of. */
export function follows(bytes: Uint8Array, link: string | undefined): boolean {
  if (link === undefined) return false;
  for (let at = 0; at < digestBytes; at += 1) if (bytes[at] !== link.charCodeAt(at)) return false;
  return true;
}
