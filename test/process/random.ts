/** Chance for the moments at which tests kill: `UNDERSTUDY_SEED=n` gives those of an earlier run again. */
const seed = Number(process.env["UNDERSTUDY_SEED"] ?? (Date.now() % 100_000) + 1);

/** A generator of numbers from 0 to below 1, its seed printed. */
export function seededRandom(purpose: string): () => number {
  process.stdout.write(`${purpose}: UNDERSTUDY_SEED=${seed}\n`);
  let state = seed;
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Lets a chosen part of a run pass: a moment of the world's, not of anything the test could wait for. */
export async function passingOf(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
