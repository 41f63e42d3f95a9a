import { inject, test } from "vitest";
import { JavaClient } from "./client.ts";
import type { Java } from "./java.ts";

const java = inject("java");
/** Each case so many times; once in `npm test`. */
const repetitions = Number(process.env["UNDERSTUDY_REPETITIONS"] ?? 1);

/** One failover case, with a process of the real client. */
export function failoverCase(name: string, body: (client: JavaClient, java: Java) => Promise<void>): void {
  for (let number = 1; number <= repetitions; number += 1) {
    test.skipIf(java === null)(repetitions === 1 ? name : `${name} (${number})`, async () => {
      if (java !== null) await body(await JavaClient.start(java), java);
    });
  }
}
