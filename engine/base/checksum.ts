import { createHash, hash } from "node:crypto";

/** First half of SHA-256: long enough that two histories never meet by chance, short enough to store beside each entry. */
export const digestBytes = 16;

/** A digest chained over all entries so far, as 32 hexadecimal digits in reports and 16 bytes in memory. */
export type Digest = Uint8Array;

export const emptyDigest: Digest = new Uint8Array(digestBytes);

/** Digest of `parent` followed by `bytes`. */
export function chainDigest(parent: Digest, bytes: Uint8Array): Digest {
  return createHash("sha256").update(parent).update(bytes).digest().subarray(0, digestBytes);
}

export function digestsEqual(one: Digest, other: Digest): boolean {
  for (let index = 0; index < digestBytes; index += 1) if (one[index] !== other[index]) return false;
  return one.length === other.length;
}

export function digestText(digest: Digest): string {
  return Buffer.from(digest).toString("hex");
}

/** Digest of a text, for comparing secrets in constant time and naming things. */
export function textDigest(text: string): Uint8Array {
  return hash("sha256", text, "buffer");
}
