import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pairConfiguration } from "../../engine/config/configuration.ts";
import type { PairEvent, TimelineEvent } from "../../engine/control/events.ts";
import { outgoingMessage, type NodeName } from "../../engine/control/views.ts";
import { createSupervisor } from "../../engine/supervisor/create.ts";
import type { Supervisor } from "../../engine/supervisor/supervisor.ts";

/** Real broker processes, real sockets, real kills; kept few here, since `test/process` tells the long stories. */
const timeoutMs = 60_000;
let directory: string;
let supervisor: Supervisor;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "understudy-pair-"));
  supervisor = await up();
}, timeoutMs);

afterEach(async () => {
  await supervisor.stop();
  rmSync(directory, { recursive: true, force: true });
}, timeoutMs);

function up(options: object = {}): Promise<Supervisor> {
  return createSupervisor(
    pairConfiguration.parse({
      dataDirectory: directory,
      primaryPort: 0,
      replicaPort: 0,
      controlPort: 8161,
      ...options,
    }),
  );
}

/** Resolves with the first event from now on that `is` the one. */
function next(is: (event: TimelineEvent) => boolean): Promise<TimelineEvent> {
  return new Promise((resolve) => {
    const end = supervisor.events.subscribe((event: PairEvent) => {
      if (event.kind === "views" || !is(event)) return;
      end();
      resolve(event);
    });
  });
}

const stateIs = (node: NodeName, state: string): Promise<TimelineEvent> =>
  next((event) => event.kind === "state" && event.node === node && event.state === state);

const pair = (): ReturnType<Supervisor["service"]["getPair"]> => supervisor.service.getPair({});
const send = (body: string): Promise<unknown> =>
  supervisor.service.send({ name: "orders", ...outgoingMessage.parse({ body }) });
const act = (node: NodeName, action: "start" | "stop" | "kill" | "freeze" | "thaw" | "promote") =>
  supervisor.service.actOnBroker({ node, action });

async function bodies(): Promise<string[]> {
  const { messages } = await supervisor.service.browse({ name: "/queue/orders", limit: 100 });
  return messages.map(({ preview }) => preview);
}

async function recover(): Promise<string> {
  const ended = next((event) => event.kind === "recovery" && event.state !== "running");
  await supervisor.service.startRecovery({ dryRun: false, force: false });
  await ended;
  return (await supervisor.service.getRecovery({})).state;
}

test(
  "pair: killed from outside, taken over, recovered, killed again: all that was confirmed is there",
  async () => {
    const { primary, replica, protection } = await pair();
    expect({ protection, primary: primary.state, replica: replica.state }).toEqual({
      protection: "protected",
      primary: "active",
      replica: "standby",
    });
    expect(await isRefused(replica.port)).toBe(true);
    await send("one");

    const promoted = next(({ kind }) => kind === "promoted");
    process.kill(primary.pid!, "SIGKILL");
    const event = await promoted;
    expect(event).toMatchObject({ node: "replica" });
    expect(event.text).toMatch(/^Replica took over after \d+ ms\.$/);
    expect(await bodies()).toEqual(["one"]);
    await send("two");
    expect(await pair()).toMatchObject({
      protection: "unprotected",
      primary: { state: "killed", port: primary.port },
      nextActions: [{ cli: "npm run --silent understudy -- recover --from replica" }],
    });

    const { state, reason } = (await act("primary", "start")).primary;
    expect(state).toBe("out of sync");
    expect(reason).toContain("Epoch 2");
    expect(await recover()).toBe("done");
    expect(await pair()).toMatchObject({
      protection: "protected",
      primary: { state: "active", port: primary.port },
    });

    const again = stateIs("replica", "active");
    await act("primary", "kill");
    await again;
    expect(await bodies()).toEqual(["one", "two"]);
  },
  timeoutMs,
);

test(
  "pair: undo puts the old store back and the replica goes on with everything",
  async () => {
    await send("one");
    const active = stateIs("replica", "active");
    await act("primary", "kill");
    await active;
    await send("two");
    const { preflight } = await supervisor.service.startRecovery({ dryRun: true, force: false });
    expect(preflight?.sentence).toMatch(/^The replica's store is ahead of the primary's by 1 entry\./);
    expect(await recover()).toBe("done");
    await send("three");
    expect((await supervisor.service.undoRecovery({})).state).toBe("undone");
    expect(await pair()).toMatchObject({
      protection: "unprotected",
      primary: { state: "stopped" },
      replica: { state: "active" },
    });
    expect(await bodies()).toEqual(["one", "two", "three"]);
  },
  timeoutMs,
);

test(
  "pair: stopped in order and started again on its data; a second supervisor is refused",
  async () => {
    await send("one");
    await expect(up()).rejects.toMatchObject({ code: "STORE_LOCKED" });
    await supervisor.stop();
    supervisor = await up();
    expect((await pair()).protection).toBe("protected");
    expect(await bodies()).toEqual(["one"]);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  },
  timeoutMs,
);

test(
  "pair: a cut link leaves one active node; the frozen one is superseded",
  async () => {
    const alone = stateIs("primary", "active");
    await supervisor.service.setLink({ mode: "cut", delayMs: 0 });
    await alone;
    expect((await pair()).primary.state).toBe("active");
    // Without it the replica would lack nothing, and might be back before the recovery.
    await send("one");
    await supervisor.service.setLink({ mode: "heal", delayMs: 0 });
    expect(await recover()).toBe("done");

    const frozen = await act("primary", "freeze");
    expect(frozen.primary.state).toBe("frozen");
    await stateIs("replica", "active");
    const fenced = next(
      (event) =>
        event.kind === "state" &&
        event.node === "primary" &&
        (event.state === "fenced" || event.state === "out of sync"),
    );
    await act("primary", "thaw");
    await fenced;
    expect((await pair()).replica.state).toBe("active");
  },
  timeoutMs,
);

test(
  "pair: actions that make no sense name the state",
  async () => {
    await expect(act("primary", "thaw")).rejects.toThrow("Cannot thaw the primary: it is active.");
    await expect(act("primary", "start")).rejects.toThrow("Cannot start the primary: it is active.");
    await act("replica", "kill");
    await expect(act("replica", "kill")).rejects.toThrow("Cannot kill the replica: it is killed.");
  },
  timeoutMs,
);

test(
  "pair: a frozen standby is not offered for promotion, nor promoted",
  async () => {
    await act("replica", "freeze");
    const { sentence, nextActions } = await act("primary", "freeze");

    expect(sentence).toContain("both are frozen");
    expect(nextActions.map(({ label }) => label)).toEqual(["Thaw the primary", "Thaw the replica"]);
    await expect(act("replica", "promote")).rejects.toMatchObject({
      code: "PROMOTION_REFUSED",
      message: expect.stringContaining("is frozen and cannot serve. Thaw it first") as string,
    });
    await act("primary", "thaw");
    await act("replica", "thaw");
  },
  timeoutMs,
);

/** Whether the operating system refuses a connection. */
function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });
}
