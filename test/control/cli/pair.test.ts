import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { main } from "../../../engine/cli/main.ts";
import { up } from "../../../engine/cli/up.ts";
import { createControlServer } from "../../../engine/control/server.ts";
import type { ClientView } from "../../../engine/control/views.ts";
import { freePort } from "../../../engine/host/ports.ts";
import { fakeSupervisor, recoveryView, type FakeSupervisor } from "../fake-supervisor.ts";
import { testTerminal, type TestTerminal } from "./test-terminal.ts";

/** `up` with everything real but the brokers, and the other commands against it. */
let data: string;
let supervisor: FakeSupervisor;
let pairTerminal: TestTerminal;
let running: Promise<number>;

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), "understudy-up-"));
  supervisor = fakeSupervisor(data);
  pairTerminal = testTerminal();
  running = up({ data, json: true, controlPort: 0, window: true }, pairTerminal, machinery);
  await expect.poll(() => pairTerminal.printed.out).toContain("\n");
});

afterEach(async () => {
  pairTerminal.stop();
  expect(await running).toBe(0);
  rmSync(data, { recursive: true });
});

function machinery(): ReturnType<Parameters<typeof up>[2]> {
  return Promise.resolve({ createSupervisor: () => Promise.resolve(supervisor), createControlServer });
}

async function run(
  argv: readonly string[],
  input: string | null = null,
): Promise<{ code: number; out: string; err: string }> {
  const terminal = testTerminal({ UNDERSTUDY_DATA: data }, input);
  return { code: await main(argv, terminal), ...terminal.printed };
}

function firstLine(): Record<string, unknown> {
  return JSON.parse(pairTerminal.printed.out.split("\n")[0]!) as Record<string, unknown>;
}

describe("up", () => {
  test("prints the ready line, and then a line for each event", async () => {
    supervisor.note("the replica yawned");
    await expect.poll(() => pairTerminal.printed.out.trim().split("\n").length).toBe(2);
    const [ready, event] = pairTerminal.printed.out.split("\n");

    expect(firstLine()).toEqual({
      event: "ready",
      failover: "failover:(tcp://127.0.0.1:61616,tcp://127.0.0.1:61617)?randomize=false",
      control: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      data: "/data",
      primary: { port: 61_616, pid: 61_617, state: "active" },
      replica: { port: 61_617, pid: 61_618, state: "standby" },
      protection: "protected",
      window: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/) as string,
    });
    expect(ready).toMatch(/^\{"event":"ready","failover":/);
    expect(event).toBe('{"event":"notice","id":1,"at":1000,"severity":"info","text":"the replica yawned"}');
  });

  test("keeps its token to its owner", () => {
    expect(statSync(join(data, "control.token")).mode & 0o777).toBe(0o600);
    expect(statSync(join(data, "control.json")).mode & 0o777).toBe(0o600);
  });

  test("told to stop, it stops the brokers, and is found no more", async () => {
    pairTerminal.stop();

    expect(await running).toBe(0);
    expect(supervisor.isStopped).toBe(true);
    expect((await run(["status"])).err).toMatch(/No pair is running/);
  });

  test("a control port in use is refused before anything starts, with its holder and a free one", async () => {
    const squatter = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => squatter.listen(port, "127.0.0.1", resolve));
    let started = false;
    const load: typeof machinery = () => {
      started = true;
      return machinery();
    };
    const other = mkdtempSync(join(tmpdir(), "understudy-up-"));

    await expect(up({ data: other, controlPort: port }, testTerminal(), load)).rejects.toMatchObject({
      code: "PORT_IN_USE",
      message: expect.stringMatching(
        new RegExp(`Port ${port} for the control API is in use.* Port \\d+ is free\\.`),
      ) as string,
    });
    if (process.platform === "linux") {
      await expect(up({ data: other, controlPort: port }, testTerminal(), load)).rejects.toMatchObject({
        message: expect.stringContaining(`(pid ${process.pid})`) as string,
      });
    }
    expect(started).toBe(false);
    squatter.close();
    rmSync(other, { recursive: true });
  });

  test("for people it says where to connect, how to kill and how to recover", async () => {
    const terminal = testTerminal();
    const other = mkdtempSync(join(tmpdir(), "understudy-up-"));
    const stopping = up({ data: other, controlPort: 0 }, terminal, machinery);
    await expect.poll(() => terminal.printed.out).toContain("Ctrl+C");
    terminal.stop();

    expect(await stopping).toBe(0);
    expect(terminal.printed.out).toMatch(/Point your clients at: +failover:\(tcp:/);
    expect(terminal.printed.out).toContain(
      `npm run --silent understudy -- kill primary --data ${other}  (or: kill -9 61617)`,
    );
    expect(terminal.printed.out).toMatch(/Bring it back: +npm run --silent understudy -- recover/);
    rmSync(other, { recursive: true });
  });
});

describe("commands", () => {
  test.each([
    [["status"], "getPair", {}],
    [["kill", "primary"], "actOnBroker", { node: "primary", action: "kill" }],
    [["start", "replica"], "actOnBroker", { node: "replica", action: "start" }],
    [["promote", "replica"], "actOnBroker", { node: "replica", action: "promote" }],
    [["link", "cut"], "setLink", { mode: "cut", delayMs: 100 }],
    [["link", "delay", "250"], "setLink", { mode: "delay", delayMs: 250 }],
    [
      ["recover", "--dry-run", "--from", "replica", "--force"],
      "startRecovery",
      { dryRun: true, from: "replica", force: true },
    ],
    [["recover", "--undo"], "undoRecovery", {}],
    [["recover", "--remove-kept"], "removeKept", {}],
    [["purge", "queue://a/b"], "purge", { name: "queue://a/b" }],
    [["clients"], "listClients", {}],
    [
      ["receive", "orders", "--count", "3", "--timeout", "5"],
      "receive",
      { name: "orders", count: 3, timeoutMs: 5 },
    ],
  ] as const)("%j asks %s", async (argv, operation, input) => {
    supervisor.asked.length = 0;
    const { code, err } = await run([...argv]);

    expect(err).toBe("");
    expect(code).toBe(0);
    expect(supervisor.asked).toContainEqual({ operation, input });
  });

  test("kill says what became of it, once the standby has taken over", async () => {
    expect((await run(["kill", "primary"])).out).toMatch(/^Protected/);
    supervisor.asked.length = 0;
    expect((await run(["kill", "replica"])).out).toMatch(/^Down/);
    expect(supervisor.asked.map(({ operation }) => operation)).toEqual(["actOnBroker"]);
  });

  test("status is text, or the snapshot as JSON", async () => {
    expect((await run(["status"])).out).toMatch(
      /^Protected\. Everything[^]*primary {2}active[^]*3 messages, 2 scheduled\n[^]*replica {2}standby/,
    );
    expect(JSON.parse((await run(["status", "--json"])).out)).toMatchObject({ protection: "protected" });
  });

  test("a command line that is printed can be typed as it stands, the data directory included", async () => {
    const terminal = testTerminal();

    await main(["recover", "--data", data], terminal);

    expect(terminal.printed.out).toContain(`npm run --silent understudy -- recover --undo --data ${data}\n`);
    expect((await run(["recover"])).out).toMatch(/understudy -- recover --undo\n/);
  });

  test("a link that is slow says how slow", async () => {
    expect((await run(["link", "delay", "250"])).out).toContain("link     delayed by 250 ms each way");
  });

  test("clients says of one that hangs why it does", async () => {
    supervisor.clients = [
      { name: "orders-app", role: "both", state: "stalled", protocol: "OpenWire", sent: 3, received: 2 },
    ].map((client) => ({ ...client, story: "on primary", hint: "The primary is frozen." }) as ClientView);

    expect((await run(["clients"])).out).toBe(
      "orders-app  both, stalled, OpenWire  sent 3, received 2\n  on primary\n  The primary is frozen.\n",
    );
  });

  test("a refusal is exit code 1 and the server's sentence", async () => {
    expect(await run(["thaw", "primary"])).toEqual({
      code: 1,
      out: "",
      err: "understudy: Cannot thaw the primary: it is active.\n",
    });
  });

  test("send takes its body from the argument, a file or standard input, and keeps every byte", async () => {
    const sent = async (argv: string[], input: string | null = null): Promise<unknown> => {
      expect((await run(["send", "orders", ...argv], input)).code).toBe(0);
      return supervisor.asked.at(-1)!.input;
    };

    expect(
      await sent([
        "hello",
        "--header",
        "a=1",
        "--header",
        "b=x=y",
        "--ttl",
        "5",
        "--no-persistent",
        "--count",
        "2",
      ]),
    ).toMatchObject({
      name: "orders",
      body: "hello",
      encoding: "text",
      properties: { a: "1", b: "x=y" },
      timeToLiveMs: 5,
      persistent: false,
      priority: 4,
      count: 2,
    });
    const later = ["--delay", "5", "--period", "6", "--repeat", "-1", "--cron", "0 9 * * 1"];
    expect(await sent(["hello", "--header", "a=1", ...later])).toMatchObject({
      properties: {
        a: "1",
        AMQ_SCHEDULED_DELAY: "5",
        AMQ_SCHEDULED_PERIOD: "6",
        AMQ_SCHEDULED_REPEAT: "-1",
        AMQ_SCHEDULED_CRON: "0 9 * * 1",
      },
    });
    expect(await sent([], "piped\n")).toMatchObject({ body: "piped\n", encoding: "text" });
    expect(await sent([], "\xff\x00")).toMatchObject({ body: "/wA=", encoding: "base64" });
    expect(await sent(["--file", join(data, "control.json")])).toMatchObject({ encoding: "text" });
  });

  test("receive prints bodies, or messages as JSON lines; nothing received is exit code 1", async () => {
    expect(await run(["receive", "orders"])).toEqual({ code: 0, out: "hello\n", err: "" });
    expect(JSON.parse((await run(["receive", "orders", "--json"])).out)).toMatchObject({ id: 7 });
    expect(await run(["receive", "orders", "--count", "5", "--timeout", "9"])).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/within 9 ms/) as string,
    });
  });

  test("with --json a failure is JSON, and nothing else is on standard error", async () => {
    const nothing = await run(["receive", "orders", "--count", "5", "--timeout", "9", "--json"]);
    expect(nothing).toMatchObject({ code: 1, out: "" });
    expect(JSON.parse(nothing.err)).toMatchObject({ code: "NO_MESSAGE" });

    supervisor.recovery = recoveryView("failed", "the disk is full");
    const failed = await run(["recover", "--json"]);
    expect(JSON.parse(failed.out)).toMatchObject({ state: "failed" });
    expect(JSON.parse(failed.err)).toMatchObject({ code: "RECOVERY_FAILED", message: "the disk is full" });
  });

  test("a recovery that would be refused says why, and not what it would do", async () => {
    const { preflight } = recoveryView("idle");
    supervisor.recovery = {
      ...recoveryView("idle"),
      preflight: { ...preflight!, allowed: false, refusal: "There is nothing to recover." },
    };

    expect(await run(["recover", "--dry-run"])).toEqual({
      code: 1,
      out: "",
      err: "understudy: There is nothing to recover.\n",
    });
  });

  test("browse goes through all pages", async () => {
    expect(
      (await run(["browse", "orders", "--json"])).out
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { id: number }).id),
    ).toEqual([1, 2]);
    expect((await run(["browse", "orders", "--limit", "1"])).err).toMatch(/there are more/);
  });

  test("recover shows its steps, and fails with the reason", async () => {
    supervisor.recovery = {
      ...recoveryView("running"),
      steps: [{ name: "copy", label: "Copy the store", state: "running", detail: "" }],
    };
    const recovering = run(["recover"]);
    await expect
      .poll(() => supervisor.asked.filter(({ operation }) => operation === "getRecovery").length)
      .toBeGreaterThan(1);
    supervisor.recovery = recoveryView("done");

    expect(await recovering).toMatchObject({
      code: 0,
      out: expect.stringMatching(/kept in \/data\/primary\.kept[^]*protected again/) as string,
    });
    supervisor.recovery = recoveryView("failed", "the disk is full; both stores are as they were");
    expect(await run(["recover"])).toMatchObject({
      code: 1,
      err: "understudy: the disk is full; both stores are as they were\n",
    });
  });

  test("events prints what there is, or follows", async () => {
    supervisor.note("one");
    supervisor.note("two");
    expect((await run(["events", "--no-follow"])).out).toMatch(/one\n.*two\n$/);
    expect((await run(["events", "--no-follow", "--after", "1", "--json"])).out).toMatch(
      /^\{"event":"notice","id":2,/,
    );

    const terminal = testTerminal({ UNDERSTUDY_DATA: data });
    const following = main(["events", "--after", "1"], terminal);
    await expect.poll(() => terminal.printed.out).toContain("two");
    supervisor.note("three");
    await expect.poll(() => terminal.printed.out).toContain("three");
    terminal.stop();
    expect(await following).toBe(0);
    expect(terminal.printed.out).not.toContain("one");
  });
});
