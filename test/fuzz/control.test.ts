import { once } from "node:events";
import { connect } from "node:net";
import fc from "fast-check";
import type { FastifyInstance, InjectOptions } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { errorTable } from "../../engine/base/errors.ts";
import { controlFailure, operations } from "../../engine/control/contract.ts";
import { createControlApp, createControlServer, type ControlServer } from "../../engine/control/server.ts";
import { windowPath } from "../../engine/control/server/window.ts";
import { fakeSupervisor } from "../control/fake-supervisor.ts";
import { mutatedText } from "./mutations.ts";
import { fuzzTimeoutMs, runs } from "./runs.ts";

const token = "the-token";
let app: FastifyInstance;
let server: ControlServer;
beforeEach(async () => {
  app = createControlApp(fakeSupervisor(), { port: 8161, token, requestsPerSecondMax: 1e9 });
  server = await createControlServer(fakeSupervisor(), { port: 0, token });
});
afterEach(async () => {
  await app.close();
  await server.close();
});

/** The stand-in behind the server knows no handler for these, and fails in a way of its own. */
const withHandler = Object.values(operations).filter(
  ({ path }) => !path.startsWith("/clients") && !path.startsWith("/ledger"),
);
const path = fc.oneof(
  fc.constantFrom(...withHandler).map((each) => each.path),
  fc.webPath(),
  fc.string({ maxLength: 20 }),
);
const parameter = fc.oneof(
  fc.constantFrom(
    "primary",
    "orders",
    "__proto__",
    "%00",
    "..",
    "%2e%2e%2f",
    "-1",
    "1e400",
    "kill",
    "9".repeat(40),
  ),
  fc.string({ maxLength: 12, unit: "grapheme" }).map((text) => encodeURIComponent(text.toWellFormed())),
);
const url = fc
  .tuple(path, fc.infiniteStream(parameter), fc.string({ maxLength: 20 }))
  .map(([each, parameters, query]) => {
    const filled = each.replaceAll(/\{\w+\}/g, () => String(parameters.next().value));
    return `/api/v1${filled.startsWith("/") ? "" : "/"}${filled}${query === "" ? "" : `?${query}`}`;
  });
const json = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.dictionary(
    fc.constantFrom("mode", "delayMs", "dryRun", "body", "count", "properties", "priority", "__proto__", "x"),
    fc.jsonValue({ maxDepth: 1 }),
  ),
);
const body = fc.oneof(
  json.map((value) => JSON.stringify(value)),
  mutatedText(json.map((value) => JSON.stringify(value))),
  fc.constantFrom('{"__proto__":{"a":1}}', "[".repeat(10_000), "", "null", '"x"', "{", "\u0000"),
);
const headers = fc.dictionary(
  fc.constantFrom("content-type", "accept", "last-event-id", "origin", "range", "x-http-method-override"),
  fc.oneof(
    fc.constantFrom("application/json", "text/plain", "*/*", "-1"),
    fc.string({ maxLength: 12, unit: "grapheme-ascii" }),
  ),
  { maxKeys: 3 },
);

describe("fuzz: control API", () => {
  test(
    "any call gets its answer or a failure of the documented form, and none is an internal error",
    { timeout: fuzzTimeoutMs },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom("GET", "POST", "DELETE"),
          url,
          body,
          headers,
          async (method, where, payload, more) => {
            // A stream of events ends only with the server.
            fc.pre(!where.startsWith("/api/v1/events"));
            const own = { host: "127.0.0.1:8161", authorization: `Bearer ${token}` };
            const request = {
              method,
              url: where,
              headers: { "content-type": "application/json", ...more, ...own },
            };
            const answer = await app.inject({
              ...request,
              ...(method === "GET" ? {} : { payload }),
            } as InjectOptions);

            expect(answer.statusCode, `${method} ${where}: ${answer.body}`).not.toBe(500);
            if (answer.statusCode < 400) return;
            const failure = controlFailure.parse(answer.json());
            expect(Object.keys(errorTable)).toContain(failure.code);
            expect(failure.message).not.toBe("");
          },
        ),
        runs(400),
      );
    },
  );

  test(
    "any message to the window's socket gets an answer, or closes it with a code of its own",
    { timeout: fuzzTimeoutMs },
    async () => {
      const call = fc.record({
        id: fc.oneof(fc.integer(), fc.string({ maxLength: 3 }), fc.constant(null)),
        operation: fc.oneof(
          fc.constantFrom("getPair", "setLink", "browse", "__proto__", "constructor"),
          fc.string(),
          fc.jsonValue({ maxDepth: 1 }),
        ),
        input: json,
      });
      const message = fc.oneof(
        call.map((each) => JSON.stringify(each)),
        body,
        mutatedText(call.map((each) => JSON.stringify(each))),
      );
      await fc.assert(
        fc.asyncProperty(message, async (text) => {
          const socket = new WebSocket(`ws://127.0.0.1:${server.port}${windowPath}`);
          const ended = await new Promise<{ code: number } | { said: string }>((resolve, reject) => {
            socket.once("error", reject);
            socket.once("open", () => {
              socket.send(JSON.stringify({ token }));
              socket.send(text);
            });
            socket.once("message", (data: Buffer) => {
              resolve({ said: data.toString() });
            });
            socket.once("close", (code) => {
              resolve({ code });
            });
          });
          socket.terminate();
          if ("code" in ended) {
            expect(ended.code).toBe(4400);
            return;
          }
          const said = JSON.parse(ended.said) as { ok: boolean; error?: unknown };
          if (said.ok) return;
          const failure = controlFailure.parse(said.error);
          expect(failure.code, failure.message).not.toBe("INTERNAL");
        }),
        runs(60),
      );
    },
  );

  test.each(["GET / HTTP/9.9\r\n\r\n", "\0\0\0\0\r\n\r\n", "GET /api/v1/pair HTTP/1.1\r\nno colon\r\n\r\n"])(
    "bytes that are no request (%j) are refused in the documented form",
    async (bytes) => {
      const socket = connect(server.port, "127.0.0.1");
      socket.end(bytes);
      let text = "";
      socket.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      await once(socket, "close");

      expect(text).toMatch(/^HTTP\/1\.1 400 /);
      expect(controlFailure.parse(JSON.parse(text.split("\r\n\r\n")[1] ?? "")).code).toBe("REQUEST_INVALID");
    },
  );
});
