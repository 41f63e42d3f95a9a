import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { connectionTo, isAlive, Pair, upArguments } from "./pair.ts";
import { run, temporaryDirectory } from "./program.ts";

test("up from npm prints the ready line, and the operating system refuses connections to the replica", async () => {
  const data = temporaryDirectory();
  const pair = await Pair.start({ data, throughNpm: true });
  const { ready } = pair;
  process.stdout.write(`npm run understudy up: ready after ${Math.round(pair.startUpMs)} ms\n`);

  const { primary, replica } = ready;
  expect(ready).toEqual({
    event: "ready",
    failover: `failover:(tcp://127.0.0.1:${primary.port},tcp://127.0.0.1:${replica.port})?randomize=false`,
    control: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
    data,
    primary: { port: primary.port, pid: primary.pid, state: "active" },
    replica: { port: replica.port, pid: replica.pid, state: "standby" },
    protection: "protected",
  });
  expect([isAlive(primary.pid), isAlive(replica.pid)]).toEqual([true, true]);
  expect(await connectionTo(primary.port)).toBe("accepted");
  expect(await connectionTo(replica.port)).toBe("ECONNREFUSED");
});

test("up stops both brokers in order on SIGINT, and what was sent is there when it is started again", async () => {
  const first = await Pair.start();
  await first.cli("send", "orders", "hello");

  expect(await first.interrupt()).toBe(0);

  const { primary, replica } = first.ready;
  expect([isAlive(primary.pid), isAlive(replica.pid)]).toEqual([false, false]);
  const second = await Pair.start({ data: first.data });
  expect(second.ready.protection).toBe("protected");
  const view = await second.view();
  expect([view.primary.storedMessages, view.replica.storedMessages]).toEqual([1, 1]);
  expect(await second.cli("receive", "orders")).toBe("hello");
});

test("an up behind one that is still stopping waits for its directory and its ports", async () => {
  const first = await Pair.start();
  await first.cli("send", "orders", "hello");

  const stopped = first.interrupt();
  const second = await Pair.start({ data: first.data, ports: first.ports });

  expect(await stopped).toBe(0);
  expect(second.ready.protection).toBe("protected");
  expect(await second.cli("receive", "orders")).toBe("hello");
});

test("a pair whose output nobody reads any more goes on until it is told to stop", async () => {
  const pair = await Pair.start();
  pair.stopReading();

  await pair.cli("kill", "primary");
  await pair.cli("recover");

  expect((await pair.view()).protection).toBe("protected");
  expect(await pair.interrupt()).toBe(0);
});

test("a port in use is named with its holder and a free one", async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void holder.close());
  const { port } = holder.address() as { port: number };

  for (const node of ["primary", "replica", "control"]) {
    const args = upArguments({});
    args[args.indexOf(`--${node}-port`) + 1] = String(port);
    const { code, err } = await run(args);

    expect(code).toBe(1);
    expect(err).toContain("PORT_IN_USE");
    expect(err).toMatch(
      new RegExp(`Port ${port} for the .*${node}.* is in use by .*${process.pid}.*\\. Port \\d+ is free`),
    );
  }
});

test("a second up in the same directory is told of the first, which is undisturbed", async () => {
  const pair = await Pair.start();

  const { code, err } = await run(upArguments({ data: pair.data }));

  expect(code).toBe(1);
  expect(err).toContain(`running already, as process ${pair.supervisorPid}`);
  expect((await pair.view()).protection).toBe("protected");
});

test("two ups that start in one directory at the same moment do not both get it", async () => {
  const data = temporaryDirectory();
  const [one, other] = await Promise.allSettled([Pair.start({ data }), Pair.start({ data })]);

  expect([one.status, other.status].sort()).toEqual(["fulfilled", "rejected"]);
  const winner = one.status === "fulfilled" ? one.value : (other as PromiseFulfilledResult<Pair>).value;
  expect((await winner.view()).protection).toBe("protected");
});
