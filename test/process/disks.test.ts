import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connectionTo, Pair, upArguments } from "./pair.ts";
import { smallDisk } from "./mounts.ts";
import { run, temporaryDirectory } from "./program.ts";
import { RawClient } from "./raw-client.ts";
import { followAdvice } from "./restoring.ts";

const mebibyte = 1_048_576;
const body = "x".repeat(100_000);

/** Sends until the broker does not confirm any more; returns how many it confirmed. */
async function sendUntilLost(port: number): Promise<number> {
  const client = await RawClient.connect(port);
  let count = 0;
  try {
    for (;;) {
      await client.send("/queue/orders", `${count} ${body}`);
      count += 1;
    }
  } catch {
    return count;
  }
}

/** Takes everything from the queue: the numbers that {@link sendUntilLost} sent, in order. */
async function numbersIn(pair: Pair): Promise<number[]> {
  const { primary, replica } = await pair.view();
  const client = await RawClient.connect((replica.state === "active" ? replica : primary).port);
  const { destinations } = await pair.control.listDestinations({});
  const depth = destinations.find(({ name }) => name === "queue://orders")?.depth ?? 0;
  await client.subscribe("/queue/orders");
  return (await client.bodies(depth)).map((text) => Number(text.split(" ")[0]));
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test("a full disk of the primary is named, the replica takes over with everything confirmed, and room makes it whole", async (context) => {
  const [data, own] = [temporaryDirectory(), join(temporaryDirectory(), "disk")];
  const disk = smallDisk(own, 12 * mebibyte);
  if (typeof disk === "string") return context.skip(disk);
  symlinkSync(own, join(data, "primary"));
  const pair = await Pair.start({ data });

  const confirmed = await sendUntilLost(pair.ports.primary);

  expect(confirmed).toBeGreaterThan(10);
  const view = await pair.isState("replica", "active");
  expect(view.primary.reason).toMatch(/full|no space/i);
  expect(await connectionTo(pair.ports.primary)).toBe("ECONNREFUSED");
  disk.remount(`size=${100 * mebibyte}`);
  await followAdvice(pair);
  // The last one may have been stored without its confirmation.
  expect((await numbersIn(pair)).slice(0, confirmed)).toEqual(numbers(confirmed));
});

test("a disk that is full for both brokers ends the service with a reason, and with room again nothing is missing", async (context) => {
  const disk = smallDisk(join(temporaryDirectory(), "disk"), 20 * mebibyte);
  if (typeof disk === "string") return context.skip(disk);
  const pair = await Pair.start({ data: disk.directory });

  const confirmed = await sendUntilLost(pair.ports.primary);

  // It has ended too, or waits for a grant that nobody can write down.
  const view = await pair.becomes(({ primary }) => primary.state !== "active", "the end of the service");
  expect(confirmed).toBeGreaterThan(10);
  expect(`${view.primary.reason} ${view.replica.reason}`).toMatch(/full|no space/i);
  disk.remount(`size=${200 * mebibyte}`);
  await followAdvice(pair);
  expect((await numbersIn(pair)).slice(0, confirmed)).toEqual(numbers(confirmed));
});

test("a data directory that can only be read is named, and nothing is started", async (context) => {
  const disk = smallDisk(join(temporaryDirectory(), "disk"), 50 * mebibyte);
  if (typeof disk === "string") return context.skip(disk);
  const pair = await Pair.start({ data: disk.directory });
  await pair.cli("send", "orders", "hello");
  await pair.interrupt();
  disk.remount("ro");

  const { code, err } = await run(upArguments({ data: disk.directory }));

  expect(code).toBe(1);
  expect(err).toContain("STORE_UNWRITABLE");
  expect(err).toContain(disk.directory);
  expect(err).toMatch(/read-only file system/i);
  disk.remount("rw");
  const again = await Pair.start({ data: disk.directory });
  expect(await again.cli("receive", "orders")).toBe("hello");
});

test("a store that can only be read is named and not served; the other broker serves", async (context) => {
  const [data, own] = [temporaryDirectory(), join(temporaryDirectory(), "disk")];
  const disk = smallDisk(own, 50 * mebibyte);
  if (typeof disk === "string") return context.skip(disk);
  symlinkSync(own, join(data, "primary"));
  const first = await Pair.start({ data });
  await first.cli("send", "orders", "hello");
  await first.interrupt();
  disk.remount("ro");

  const pair = await Pair.start({ data });

  const { primary } = await pair.isState("replica", "active");
  expect(primary.reason).toMatch(/cannot be written.*read-?only/i);
  expect(await connectionTo(pair.ports.primary)).toBe("ECONNREFUSED");
  expect(await pair.cli("receive", "orders")).toBe("hello");
});
