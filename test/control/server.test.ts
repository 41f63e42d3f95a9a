import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance, InjectOptions } from "fastify";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { BrokerError } from "../../engine/base/errors.ts";
import { limits } from "../../engine/base/limits.ts";
import { operations, type ControlFailure, type OperationId } from "../../engine/control/contract.ts";
import { createControlApp } from "../../engine/control/server.ts";
import { fakeSupervisor, type FakeSupervisor } from "./fake-supervisor.ts";

const token = "the-token";
const headers = { host: "127.0.0.1:8161", authorization: `Bearer ${token}` };
let supervisor: FakeSupervisor;
let app: FastifyInstance;

beforeEach(() => {
  supervisor = fakeSupervisor();
  app = createControlApp(supervisor, { port: 8161, token });
});
afterEach(() => app.close());

function ask(
  method: "GET" | "POST" | "DELETE" | "PUT",
  url: string,
  rest: InjectOptions = {},
): ReturnType<FastifyInstance["inject"]> {
  return app.inject({
    method,
    url,
    ...rest,
    headers: { ...headers, ...rest.headers },
  } as InjectOptions) as never;
}

describe("every row of the table", () => {
  const requests: Record<OperationId, { url: string; payload?: object }> = {
    getPair: { url: "/pair" },
    actOnBroker: { url: "/brokers/primary/kill" },
    setLink: { url: "/link", payload: { mode: "delay", delayMs: 40 } },
    getRecovery: { url: "/recovery" },
    startRecovery: { url: "/recovery", payload: { dryRun: true } },
    undoRecovery: { url: "/recovery/undo" },
    removeKept: { url: "/recovery/kept" },
    listEvents: { url: "/timeline?after=3&limit=10" },
    listClients: { url: "/clients" },
    addClient: { url: "/clients", payload: { role: "producer", destination: "orders" } },
    updateClient: { url: "/clients/c1", payload: { paused: true } },
    removeClient: { url: "/clients/c1" },
    getLedger: { url: "/ledger" },
    resetLedger: { url: "/ledger" },
    listDestinations: { url: "/destinations" },
    browse: { url: "/destinations/orders/messages?limit=5" },
    getMessage: { url: "/destinations/orders/messages/7" },
    send: { url: "/destinations/orders/messages", payload: { body: "x" } },
    receive: { url: "/destinations/orders/receive", payload: { count: 2 } },
    purge: { url: "/destinations/orders/messages" },
  };

  test.each(Object.entries(requests))(
    "%s reaches its handler with checked arguments",
    async (id, { url, payload }) => {
      await ask(
        operations[id as OperationId].method,
        `/api/v1${url}`,
        payload === undefined ? {} : { payload },
      );

      expect(supervisor.asked.map(({ operation }) => operation)).toEqual([id]);
      const { input } = operations[id as OperationId];
      expect(input.parse(supervisor.asked[0]!.input)).toEqual(supervisor.asked[0]!.input);
    },
  );

  test("defaults are filled in, and path parameters win", async () => {
    await ask("POST", "/api/v1/brokers/primary/kill", { payload: { node: "replica" } });
    await ask("POST", "/api/v1/link", { payload: { mode: "cut" } });

    expect(supervisor.asked.map(({ input }) => input)).toEqual([
      { node: "primary", action: "kill" },
      { mode: "cut", delayMs: 100 },
    ]);
  });

  test("a destination's name may hold slashes, and be as long as is allowed", async () => {
    const name = `queue://${"ü".repeat(100)}/>`;
    await ask("GET", `/api/v1/destinations/${encodeURIComponent(name)}/messages`);

    expect(supervisor.asked[0]!.input).toMatchObject({ name });
  });
});

describe("failures", () => {
  test("carry code, sentence and the table's status", async () => {
    const answer = await ask("POST", "/api/v1/brokers/primary/thaw");

    expect(answer.statusCode).toBe(409);
    expect(answer.json<ControlFailure>()).toEqual({
      code: "WRONG_STATE",
      message: "Cannot thaw the primary: it is active.",
      context: { action: "thaw", node: "primary", state: "active" },
    });
  });

  test.each([
    [
      "POST",
      "/api/v1/link",
      { mode: "twist" },
      /The field mode must be one of "heal", "cut", "half-open", "delay"/,
    ],
    ["POST", "/api/v1/link", { mode: "cut", dleayMs: 3 }, /The request has no field "dleayMs"/],
    ["POST", "/api/v1/brokers/other/kill", undefined, /The field node must be one of "primary", "replica"/],
    ["GET", "/api/v1/timeline?limit=0", undefined, /The field limit must be at least 1/],
    ["POST", "/api/v1/destinations/a/messages", { body: 1 }, /The field body must be a text/],
    ["POST", "/api/v1/link", ["cut"], /The body must be a JSON object/],
    ["GET", "/api/v1/events?after=x", undefined, /The field after must be/],
  ] as const)("%s %s with %j is refused with 400 and the field", async (method, url, payload, sentence) => {
    const answer = await ask(method, url, payload === undefined ? {} : { payload });

    expect(answer.statusCode).toBe(400);
    expect(answer.json<ControlFailure>().code).toBe("REQUEST_INVALID");
    expect(answer.json<ControlFailure>().message).toMatch(sentence);
    expect(supervisor.asked).toEqual([]);
  });

  test.each([
    ["broken JSON", 400, { payload: "{", headers: { "content-type": "application/json" } }],
    [
      "a prototype",
      400,
      { payload: '{"__proto__": {"a": 1}}', headers: { "content-type": "application/json" } },
    ],
    [
      "another type",
      415,
      { payload: "mode=cut", headers: { "content-type": "application/x-www-form-urlencoded" } },
    ],
    ["a text", 415, { payload: "{}", headers: { "content-type": "text/plain" } }],
    [
      "too much",
      413,
      {
        payload: `"${"x".repeat(limits.controlBodyBytesMax)}"`,
        headers: { "content-type": "application/json" },
      },
    ],
  ])("a body that is %s is refused with %i", async (_, status, rest) => {
    const answer = await ask("POST", "/api/v1/link", rest);

    expect(answer.statusCode).toBe(status);
    expect(answer.json<ControlFailure>().code).toBe("REQUEST_INVALID");
    expect(supervisor.asked).toEqual([]);
  });

  test("an empty body counts as no fields", async () => {
    const answer = await ask("POST", "/api/v1/recovery", {
      payload: "",
      headers: { "content-type": "application/json" },
    });

    expect(answer.statusCode).toBe(200);
    expect(supervisor.asked[0]!.input).toEqual({ dryRun: false, force: false });
  });

  test("what does not exist is a failure too", async () => {
    expect((await ask("GET", "/api/v1/nothing")).json<ControlFailure>().code).toBe("NOT_FOUND");
    expect((await ask("PUT", "/api/v1/pairs")).statusCode).toBe(404);
  });

  test.each([
    ["PUT", "/api/v1/pair", "GET"],
    ["GET", "/api/v1/brokers/primary/kill", "POST"],
    ["PUT", "/api/v1/destinations/a/messages?limit=1", "GET, POST, DELETE"],
    ["POST", "/api/v1/events", "GET"],
    ["DELETE", "/metrics", "GET"],
  ] as const)("%s %s is told what the path takes", async (method, url, allowed) => {
    const answer = await ask(method, url);

    expect(answer.statusCode).toBe(405);
    expect(answer.headers["allow"]).toBe(allowed);
    expect(answer.json<ControlFailure>()).toMatchObject({
      code: "METHOD_NOT_ALLOWED",
      message: `${url.split("?")[0]!} takes ${allowed}, and not ${method}.`,
    });
  });

  test("a bug of ours is a 500", async () => {
    expect((await ask("GET", "/api/v1/ledger")).statusCode).toBe(500);
  });
});

describe("strangers", () => {
  const calls = ["/api/v1/pair", "/api/v1/openapi.json", "/api/v1/events", "/metrics"];

  test.each(calls)("%s needs the token", async (url) => {
    for (const authorization of ["", "Bearer wrong", `Basic ${token}`, token, `Bearer ${token}x`]) {
      const answer = await ask("GET", url, { headers: { authorization } });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers["www-authenticate"]).toBe("Bearer");
      expect(answer.json<ControlFailure>().code).toBe("FORBIDDEN");
      expect(answer.body).not.toContain(token);
    }
    expect(supervisor.asked).toEqual([]);
  });

  test.each(["evil.example", "evil.example:8161", "127.0.0.1", "127.0.0.1:8162", "127.0.0.2:8161", ""])(
    "the Host %j is refused",
    async (host) => {
      for (const url of ["/api/v1/pair", "/"])
        expect((await ask("GET", url, { headers: { host } })).statusCode).toBe(403);
      expect(supervisor.asked).toEqual([]);
    },
  );

  test.each(["127.0.0.1:8161", "localhost:8161", "LOCALHOST:8161", "[::1]:8161"])(
    "the Host %j is ours",
    async (host) => {
      expect((await ask("GET", "/api/v1/pair", { headers: { host } })).statusCode).toBe(200);
    },
  );

  test.each([
    "http://evil.example",
    "null",
    "https://127.0.0.1:8161",
    "http://localhost:8161",
    "http://127.0.0.1:3000",
  ])("the Origin %j is refused", async (origin) => {
    expect((await ask("GET", "/api/v1/pair", { headers: { origin } })).statusCode).toBe(403);
  });

  test("our own origin is served, and no other is ever named in a CORS header", async () => {
    const answer = await ask("GET", "/api/v1/pair", { headers: { origin: "http://127.0.0.1:8161" } });

    expect(answer.statusCode).toBe(200);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("metrics", () => {
  test("are Prometheus' text format", async () => {
    const answer = await ask("GET", "/metrics");

    expect(answer.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.body).toContain('understudy_protection{protection="protected"} 1\n');
    expect(answer.body).toContain('understudy_broker_state{node="replica",state="standby"} 1\n');
    expect(answer.body).toContain(
      'understudy_destination_depth{destination="queue://a\\"b",kind="queue"} 3\n',
    );
    for (const line of answer.body.trimEnd().split("\n")) {
      expect(line).toMatch(
        /^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{(?:\w+="(?:[^"\\]|\\.)*",?)+\})? -?[\d.e+]+)$/,
      );
    }
  });
});

test("metrics are told of a pair without an active broker too", async () => {
  const down = fakeSupervisor();
  const service = { ...down.service, getPair: down.service.getPair, listClients: down.service.listClients };
  const listDestinations = (): Promise<never> =>
    Promise.reject(new BrokerError("NOT_ACTIVE", { node: "primary", state: "killed" }));
  app = createControlApp({ ...down, service: { ...service, listDestinations } }, { port: 8161, token });

  const answer = await ask("GET", "/metrics");
  expect(answer.statusCode).toBe(200);
  expect(answer.body).toContain("understudy_epoch 1\n");
});

describe("description", () => {
  interface Document {
    openapi: string;
    servers: { url: string }[];
    paths: Record<
      string,
      Record<string, { operationId: string; parameters?: { name: string; in: string; required: boolean }[] }>
    >;
    components: { schemas: Record<string, unknown> };
  }

  test("has every operation, with its path parameters, and no reference to nothing", async () => {
    const document = (await ask("GET", "/api/v1/openapi.json")).json<Document>();

    expect(document.openapi).toBe("3.1.0");
    for (const [id, { method, path }] of Object.entries(operations)) {
      const described = document.paths[`/api/v1${path}`]![method.toLowerCase()]!;
      expect(described.operationId).toBe(id);
      const inPath = (described.parameters ?? [])
        .filter((parameter) => parameter.in === "path")
        .map(({ name }) => name);
      expect(new Set(inPath)).toEqual(new Set(path.match(/(?<=\{)\w+(?=\})/g)));
    }
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(["/api/v1/events", "/api/v1/openapi.json", "/metrics"]),
    );
    expect(document.servers).toEqual([{ url: "http://127.0.0.1:8161" }]);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, reference]) => reference!,
    );
    for (const reference of references) {
      expect(reference).toMatch(/^#\/components\/schemas\/\w+$/);
      expect(document.components.schemas).toHaveProperty([reference.split("/").at(-1)!]);
    }
    expect(references.length).toBeGreaterThan(10);
  });
});

describe("window files", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "understudy-window-"));
    mkdirSync(join(directory, "out", "assets"), { recursive: true });
    writeFileSync(join(directory, "secret.html"), "secret");
    writeFileSync(join(directory, "out", "index.html"), "<!doctype html><title>Understudy</title>");
    writeFileSync(join(directory, "out", "assets", "a.js"), "export {};");
    symlinkSync(join(directory, "secret.html"), join(directory, "out", "link.html"));
    app = createControlApp(supervisor, { port: 8161, token, windowDirectory: join(directory, "out") });
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  test("are served without the token, with headers that keep the page to itself", async () => {
    const page = await ask("GET", "/", { headers: { authorization: "" } });
    const script = await ask("GET", "/assets/a.js?v=1");

    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(page.headers["content-security-policy"]).toMatch(
      /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'$/,
    );
    expect(page.headers["x-content-type-options"]).toBe("nosniff");
    expect(script.headers["content-type"]).toBe("text/javascript; charset=utf-8");
    expect(script.body).toBe("export {};");
  });

  test.each([
    "/../secret.html",
    "/..%2fsecret.html",
    "/%2e%2e/secret.html",
    "//etc/passwd",
    "/link.html",
    "/assets",
    "/assets/",
    "/index.html%00",
  ])("%s is not there", async (url) => {
    const answer = await ask("GET", url);
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.body).not.toContain("secret<");
    expect(answer.body).not.toBe("secret");
  });

  test("without a built window the page says what this port is", async () => {
    app = createControlApp(supervisor, { port: 8161, token, windowDirectory: join(directory, "nowhere") });
    expect((await ask("GET", "/")).body).toMatch(/control API/);
  });
});

test("calls beyond the rate are told to come back in a second, and strangers take none of them away", async () => {
  let nowMs = 0;
  const options = { port: 8161, token, requestsPerSecondMax: 2, clock: () => nowMs };
  const limited = createControlApp(supervisor, options);
  onTestFinished(async () => await limited.close());
  const call = async (more = headers) =>
    await limited.inject({ method: "GET", url: "/api/v1/pair", headers: more });
  for (let count = 0; count < 5; count += 1)
    expect((await call({ ...headers, authorization: "Bearer wrong" })).statusCode).toBe(401);

  expect([(await call()).statusCode, (await call()).statusCode]).toEqual([200, 200]);
  const refused = await call();
  expect([refused.statusCode, refused.headers["retry-after"]]).toEqual([429, "1"]);
  expect(refused.json()).toMatchObject({
    code: "LIMIT_REACHED",
    message: "The limit of 2 calls a second is reached.",
  });
  nowMs += 500;
  expect([(await call()).statusCode, (await call()).statusCode]).toEqual([200, 429]);
});
