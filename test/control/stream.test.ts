import { request } from "node:http";
import { connect as connectSocket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket, type ClientOptions } from "ws";
import { BrokerError } from "../../engine/base/errors.ts";
import { controlClient, type ControlClient } from "../../engine/control/client.ts";
import type { TimelineEvent } from "../../engine/control/events.ts";
import { createControlServer, type ControlServer } from "../../engine/control/server.ts";
import { fakeSupervisor, type FakeSupervisor } from "./fake-supervisor.ts";

const token = "the-token";
let supervisor: FakeSupervisor;
let server: ControlServer;
let client: ControlClient;

beforeEach(async () => {
  supervisor = fakeSupervisor();
  server = await createControlServer(supervisor, { port: 0, token });
  client = controlClient({ url: server.url, token });
});
afterEach(() => server.close());

describe("client", () => {
  test("path, query and body find their way, whatever a name holds", async () => {
    await client.browse({ name: "queue://a/b c?#%", limit: 5 });
    await client.send({ name: "topic://é", body: "x" });
    await client.actOnBroker({ node: "replica", action: "freeze" });

    expect(supervisor.asked.map(({ input }) => input)).toEqual([
      { name: "queue://a/b c?#%", limit: 5 },
      expect.objectContaining({ name: "topic://é", body: "x" }),
      { node: "replica", action: "freeze" },
    ]);
  });

  test("a failure is the error that the server had", async () => {
    const failing = client.actOnBroker({ node: "primary", action: "thaw" });

    await expect(failing).rejects.toBeInstanceOf(BrokerError);
    await expect(failing).rejects.toMatchObject({
      code: "WRONG_STATE",
      message: "Cannot thaw the primary: it is active.",
    });
  });

  test("a wrong token is FORBIDDEN, nobody there is UNREACHABLE", async () => {
    await expect(controlClient({ url: server.url, token: "x" }).getPair({})).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
    await server.close();
    await expect(client.getPair({})).rejects.toMatchObject({ code: "UNREACHABLE" });
    await expect(client.events(0).next()).rejects.toMatchObject({ code: "UNREACHABLE" });
  });
});

describe("event stream", () => {
  async function take(
    after: number | null,
    count: number,
    meanwhile: () => void = () => undefined,
  ): Promise<TimelineEvent[]> {
    const events: TimelineEvent[] = [];
    const stopping = new AbortController();
    const done = (async () => {
      for await (const event of client.events(after, stopping.signal))
        if (events.push(event) === count) break;
    })();
    await expect.poll(() => supervisor.listenerCount()).toBe(1);
    meanwhile();
    await done;
    stopping.abort();
    return events;
  }

  test("resumes after an id, then goes on live, each event once and in order", async () => {
    for (let i = 1; i <= 2_500; i += 1) supervisor.note(`event ${i}`);
    const events = await take(3, 2_500, () => {
      for (let i = 0; i < 3; i += 1) supervisor.note("live");
    });

    expect(events.map(({ id }) => id)).toEqual(Array.from({ length: 2_500 }, (_, index) => index + 4));
  });

  test("without an id only what happens from now on is told", async () => {
    supervisor.note("before");
    expect((await take(null, 1, () => setTimeout(() => supervisor.note("after"), 50)))[0]!.text).toBe(
      "after",
    );
  });

  test("an id of an earlier run does not silence the stream, nor hide how this one began", async () => {
    supervisor.note("the run began");
    const events = await take(9_999, 2, () => setTimeout(() => supervisor.note("and went on"), 50));

    expect(events.map(({ id, text }) => [id, text])).toEqual([
      [1, "the run began"],
      [2, "and went on"],
    ]);
    const [next] = await take(2, 1, () => setTimeout(() => supervisor.note("the newest was known"), 50));
    expect(next!.id).toBe(3);
    expect(await readUntil({ "last-event-id": "4" }, "id: 3")).toContain(
      ": the pair was started again since",
    );
  });

  test("Last-Event-ID is understood, and a gap is told in a comment", async () => {
    for (let i = 1; i <= 10; i += 1) supervisor.note(`event ${i}`);
    supervisor.timeline.splice(0, 5);
    const text = await readUntil({ "last-event-id": "2" }, "id: 10");

    expect(text).toContain(": 3 events before this one are no longer kept\n");
    expect(text).toMatch(/id: 6\nevent: notice\ndata: \{.*\}\n\n/);
    expect(text).not.toContain("id: 5\n");
  });

  test("a listener that leaves is forgotten", async () => {
    await readUntil({}, "timeline");
    await expect.poll(() => supervisor.listenerCount()).toBe(0);
  });

  test("a listener that does not read is dropped, not buffered for ever", async () => {
    const socket = connectSocket(server.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(
      `GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    socket.pause();
    await expect.poll(() => supervisor.listenerCount()).toBe(1);
    for (let i = 0; i < 500 && supervisor.listenerCount() === 1; i += 1) {
      supervisor.note("x".repeat(65_536));
      await new Promise((resolve) => setImmediate(resolve));
    }

    expect(supervisor.listenerCount()).toBe(0);
    socket.destroy();
  });

  test("closing the server ends the stream", async () => {
    const ended = take(0, 5).catch((error: unknown) => error);
    await expect.poll(() => supervisor.listenerCount()).toBe(1);
    await server.close();

    expect(await ended).toMatchObject({ code: "UNREACHABLE" });
  });

  function readUntil(headers: Record<string, string>, end: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = {
        port: server.port,
        path: "/api/v1/events",
        headers: { ...headers, authorization: `Bearer ${token}` },
      };
      const asked = request(options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (!text.includes(end)) return;
          response.destroy();
          resolve(text);
        });
      });
      asked.on("error", reject);
      asked.end();
    });
  }
});

describe("window", () => {
  const opened: WebSocket[] = [];
  afterEach(() => {
    for (const socket of opened.splice(0)) socket.terminate();
  });

  interface Window {
    readonly socket: WebSocket;
    readonly messages: unknown[];
    ask(message: unknown): void;
    readonly closed: Promise<number>;
  }

  function open(options: ClientOptions = {}, path = "/api/v1/window"): Promise<Window> {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, options);
    opened.push(socket);
    const messages: unknown[] = [];
    socket.on("message", (data: Buffer) => messages.push(JSON.parse(data.toString("utf8"))));
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.once("open", () => {
        const ask = (message: unknown): void => {
          socket.send(typeof message === "string" ? message : JSON.stringify(message));
        };
        resolve({ socket, messages, ask, closed });
      });
    });
  }

  test("after the token, calls are answered by their ids and events are pushed", async () => {
    const window = await open({ origin: server.url });
    window.ask({ token });
    window.ask({ id: 1, operation: "getPair", input: {} });
    window.ask({ id: "two", operation: "actOnBroker", input: { node: "primary", action: "thaw" } });
    window.ask({ id: 3, operation: "nothing" });
    window.ask({ id: 4, operation: "setLink", input: { mode: "twist" } });
    window.ask({ id: 5, operation: "toString" });
    await expect.poll(() => window.messages.length).toBe(5);
    supervisor.note("pushed");
    await expect.poll(() => window.messages.length).toBe(6);

    const byId = new Map(window.messages.map((message) => [(message as { id?: unknown }).id, message]));
    expect(byId.get(1)).toMatchObject({ ok: true, value: { protection: "protected" } });
    expect(byId.get("two")).toMatchObject({ ok: false, error: { code: "WRONG_STATE" } });
    expect(byId.get(3)).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
    expect(byId.get(4)).toMatchObject({
      ok: false,
      error: { code: "REQUEST_INVALID", message: expect.stringContaining("mode") as string },
    });
    expect(byId.get(5)).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
    expect(byId.get(undefined)).toMatchObject({ event: { kind: "notice", text: "pushed" } });
  });

  test.each([{ token: "wrong" }, { id: 1, operation: "getPair" }, "no json", [], { token: 3 }])(
    "%j instead of the token closes it",
    async (message) => {
      const window = await open();
      window.ask(message);
      window.ask({ id: 1, operation: "getPair" });

      expect(await window.closed).toBe(1008);
      expect(window.messages).toEqual([]);
      expect(supervisor.asked).toEqual([]);
    },
  );

  test("no token within five seconds closes it", { timeout: 15_000 }, async () => {
    const window = await open();
    const startedAt = performance.now();

    expect(await window.closed).toBe(4408);
    expect(performance.now() - startedAt).toBeGreaterThan(4_500);
  });

  test.each([
    ["another origin", { origin: "http://evil.example" }, "/api/v1/window", 403],
    ["no origin worth the name", { origin: "null" }, "/api/v1/window", 403],
    ["another host", { headers: { host: "evil.example" } }, "/api/v1/window", 403],
    ["another path", {}, "/api/v1/events", 404],
  ])("%s is refused before the upgrade", async (_, options, path, status) => {
    await expect(open(options, path)).rejects.toThrow(`${status}`);
  });

  test("what is no call, and what is too large, closes it", async () => {
    const senseless = await open();
    senseless.ask({ token });
    senseless.ask({ operation: "getPair" });
    expect(await senseless.closed).toBe(4400);

    const large = await open();
    large.ask({ token });
    large.ask("x".repeat(16_777_217));
    expect(await large.closed).toBe(1009);
  });

  test("a window that does not read is cut off, and snapshots are skipped before that", async () => {
    const window = await open();
    window.ask({ token });
    await expect.poll(() => supervisor.listenerCount()).toBe(1);
    (window.socket as unknown as { _socket: { pause(): void } })._socket.pause();
    for (let i = 0; i < 1_000 && supervisor.listenerCount() === 1; i += 1) {
      supervisor.note("x".repeat(65_536));
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => supervisor.listenerCount()).toBe(0);
  });

  test("a stranger's token is not waited for by too many", async () => {
    const windows = await Promise.all(Array.from({ length: 16 }, () => open()));
    await expect(open()).rejects.toThrow("503");
    windows[0]!.socket.close();
    await windows[0]!.closed;
    await expect
      .poll(() =>
        open().then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
  });
});

describe("port", () => {
  test("in use: the error names it, its holder and a free one", async () => {
    const failing = createControlServer(supervisor, { port: server.port, token });

    await expect(failing).rejects.toMatchObject({
      code: "PORT_IN_USE",
      context: { port: server.port, node: "control API" },
    });
  });

  test("only this machine is listened to", () => {
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
  });
});
