import { hash, timingSafeEqual } from "node:crypto";

/** Half of SHA-256: long enough that two histories never meet by chance, short enough to stand before each entry. */
export const digestBytes = 16;

/** A digest chained over all entries so far. */
export type Digest = Uint8Array;

/** The digest before the first entry. */
export const emptyDigest: Digest = Buffer.alloc(digestBytes);

export function digestOf(bytes: Uint8Array): Digest {
  // Through a string: a Buffer from `hash` itself is an allocation outside the heap, and costs three times as much.
  return Buffer.from(hash("sha256", bytes, "binary").slice(0, digestBytes), "latin1");
}

export function digestsEqual(one: Digest, other: Digest): boolean {
  return Buffer.compare(one, other) === 0;
}

/** 32 hexadecimal digits. */
export function digestText(digest: Digest): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("hex");
}

/** Whether two secrets are the same, in a time that tells nothing about where they differ. */
export function secretsEqual(one: string, other: string): boolean {
  return timingSafeEqual(hash("sha256", one, "buffer"), hash("sha256", other, "buffer"));
}
