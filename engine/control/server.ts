import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Socket } from "node:net";
import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { portInUse } from "../host/ports.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import { apiPrefix, operations, type ControlFailure, type OperationId } from "./contract.ts";
import { callOperation, failureOf, statusOf } from "./failure.ts";
import { metricsContentType, metricsText } from "./metrics.ts";
import { openApiDocument } from "./openapi.ts";
import { noWindowPage, readWindowFiles, securityHeaders } from "./server/files.ts";
import { Guard, tokenMissing } from "./server/guard.ts";
import { methodsAt } from "./server/methods.ts";
import { Rate } from "./server/rate.ts";
import { streamEvents } from "./server/stream.ts";
import { createWindowServer } from "./server/window.ts";

export interface ControlServerOptions {
  /** On 127.0.0.1; 0: any free port. */
  readonly port: number;
  /** What every call must carry; see `createToken`. */
  readonly token: string;
  /** Directory of the built window, served at `/`; default none. */
  readonly windowDirectory?: string;
  /** Default: `limits.controlRequestsPerSecondMax`, by the process's clock in milliseconds; tests choose others. */
  readonly requestsPerSecondMax?: number;
  readonly clock?: () => number;
}

export interface ControlServer {
  /** `http://127.0.0.1:8161` */
  readonly url: string;
  readonly port: number;
  /** Ends all connections, streams and windows too. */
  close(): Promise<void>;
}

/**
 * Serves the control API, made from the table in `contract.ts`, with its events, its description, metrics and the window.
 * Throws `BrokerError` PORT_IN_USE naming the holder, where it can be known, and a free port.
 */
export async function createControlServer(
  supervisor: Supervisor,
  options: ControlServerOptions,
): Promise<ControlServer> {
  const app = createControlApp(supervisor, options);
  try {
    await app.listen({ port: options.port, host: "127.0.0.1" });
  } catch (error) {
    await app.close();
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE" || code === "EACCES") throw await portInUse(options.port, "control API");
    throw error;
  }
  const port = listeningPort(app, options);
  return { url: `http://127.0.0.1:${port}`, port, close: () => app.close() };
}

/** The server without its port, for calling it by `inject`. */
export function createControlApp(supervisor: Supervisor, options: ControlServerOptions): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: limits.controlBodyBytesMax,
    // Streams never end by themselves; closing the server ends them.
    forceCloseConnections: true,
    requestTimeout: 60_000,
    exposeHeadRoutes: false,
    // What the framework refuses before any route is looked for, such as a path with a broken escape.
    frameworkErrors: (error, _request, reply) => void sendFailure(reply as unknown as FastifyReply, error),
    clientErrorHandler: (error, socket) => refuseUnreadable(error, socket),
    // The router's own limit of 100 is too short for a destination's name, each byte of which may be three characters.
    routerOptions: { maxParamLength: limits.destinationNameBytesMax * 3 },
  });
  const guard = new Guard(options.token, () => listeningPort(app, options));
  acceptJson(app);
  refuseStrangers(app, guard, options);
  for (const id of Object.keys(operations) as OperationId[]) addOperation(app, supervisor, id);
  addDescription(app, options);
  addMetrics(app, supervisor);
  addEventStream(app, supervisor);
  addWindow(app, supervisor, guard, options);
  app.setErrorHandler((error, _request, reply) => sendFailure(reply, error));
  return app;
}

/** JSON is the only body; an empty one counts as no fields. */
function acceptJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body === "") done(null, {});
    else void parse(request, body as string, done);
  });
}

function refuseStrangers(app: FastifyInstance, guard: Guard, options: ControlServerOptions): void {
  const rate = new Rate(
    options.requestsPerSecondMax ?? limits.controlRequestsPerSecondMax,
    options.clock ?? ((): number => performance.now()),
  );
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(securityHeaders(listeningPort(app, options)));
    const refusal = guard.refusal(request.raw.headers);
    if (refusal !== null) throw refusal;
    const isWindow = !request.url.startsWith("/api/") && !request.url.startsWith("/metrics");
    if (isWindow || guard.isAuthorised(request.raw.headers)) {
      if (rate.take()) return;
      reply.header("retry-after", "1");
      throw new BrokerError("LIMIT_REACHED", { limit: rate.perSecondMax, what: "calls a second" });
    }
    // 401 rather than the table's 403: the caller can do something about it.
    reply.header("www-authenticate", "Bearer");
    await reply.code(401).send(failureOf(tokenMissing));
  });
}

function addOperation(app: FastifyInstance, supervisor: Supervisor, id: OperationId): void {
  const { method, path } = operations[id];
  app.route({
    method,
    url: `${apiPrefix}${path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
    handler: async (request, reply) =>
      callOperation(supervisor.service, id, inputOf(request), departureOf(reply)),
  });
}

/** Aborted when the caller has gone away, or has its answer. */
function departureOf({ raw }: FastifyReply): AbortSignal {
  const departure = new AbortController();
  raw.once("close", () => {
    departure.abort();
  });
  return departure.signal;
}

/** Path parameters win over fields of the same name in the query or the body. */
function inputOf({ method, query, body, params }: FastifyRequest): Record<string, unknown> {
  if (method !== "POST") return { ...(query as object), ...(params as object) };
  const fields = body ?? {};
  if (typeof fields !== "object" || Array.isArray(fields)) {
    throw new BrokerError("REQUEST_INVALID", { detail: "The body must be a JSON object." });
  }
  return { ...fields, ...(params as object) };
}

function addDescription(app: FastifyInstance, options: ControlServerOptions): void {
  let document: Record<string, unknown> | null = null;
  app.get(`${apiPrefix}/openapi.json`, (_request, reply) =>
    reply.send((document ??= openApiDocument("1", `http://127.0.0.1:${listeningPort(app, options)}`))),
  );
}

function addMetrics(app: FastifyInstance, { service }: Supervisor): void {
  app.get("/metrics", async (_request, reply) => {
    const [pair, { clients }, { destinations }] = await Promise.all([
      service.getPair({}),
      service.listClients({}),
      // Without an active broker there is nobody to ask, and the rest is worth the more to know.
      service.listDestinations({}).catch(() => ({ destinations: [] })),
    ]);
    return reply.type(metricsContentType).send(metricsText(pair, clients, destinations));
  });
}

function addEventStream(app: FastifyInstance, supervisor: Supervisor): void {
  app.get(`${apiPrefix}/events`, async (request, reply) => {
    const after = resumePoint(request);
    reply.hijack();
    const headers = {
      ...reply.getHeaders(),
      "content-type": "text/event-stream",
      "cache-control": "no-store",
    };
    reply.raw.writeHead(200, headers as Record<string, string>);
    await streamEvents(supervisor, after, reply.raw).catch(() => reply.raw.destroy());
  });
}

/** `?after=` wins over `Last-Event-ID`; `null`: only what happens from now on. */
function resumePoint({ query, headers }: FastifyRequest): number | null {
  const given: unknown = (query as Record<string, unknown>)["after"] ?? headers["last-event-id"];
  if (given === undefined || given === "") return null;
  if (typeof given === "string" && /^\d{1,15}$/.test(given)) return Number(given);
  throw new BrokerError("REQUEST_INVALID", { detail: "The field after must be the number of an event." });
}

function addWindow(
  app: FastifyInstance,
  supervisor: Supervisor,
  guard: Guard,
  { windowDirectory }: ControlServerOptions,
): void {
  let files: ReturnType<typeof readWindowFiles> = null;
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?")[0] ?? "/";
    const allowed = methodsAt(path).join(", ");
    if (allowed !== "") {
      const context = { path, allowed, method: request.method };
      return sendFailure(reply.header("allow", allowed), new BrokerError("METHOD_NOT_ALLOWED", context));
    }
    if (path.startsWith("/api/") || request.method !== "GET")
      return sendFailure(reply, new BrokerError("NOT_FOUND", { what: `${request.method} ${path}` }));
    files ??= windowDirectory === undefined ? null : readWindowFiles(windowDirectory);
    if (files === null && path === "/") return reply.type("text/plain; charset=utf-8").send(noWindowPage);
    const file = files?.get(path);
    if (file === undefined) return sendFailure(reply, new BrokerError("NOT_FOUND", { what: path }));
    return reply.type(file.type).send(file.bytes);
  });
  const windows = createWindowServer(supervisor, guard);
  app.server.on("upgrade", (request, socket, head) => {
    windows.upgrade(request, socket, head);
  });
  app.addHook("preClose", async () => {
    windows.close();
    await Promise.resolve();
  });
}

/** Bytes that are no HTTP request at all, or one that comes too slowly. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
  const detail = `The request cannot be read: ${error.message}.`;
  const body = JSON.stringify(failureOf(new BrokerError("REQUEST_INVALID", { detail })));
  const head = `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`);
}

function sendFailure(reply: FastifyReply, error: unknown): FastifyReply {
  const status = error instanceof BrokerError ? null : requestStatus(error);
  const failure: ControlFailure =
    status === null
      ? failureOf(error)
      : failureOf(new BrokerError("REQUEST_INVALID", { detail: requestDetail(status, error) }));
  return reply
    .code(status ?? statusOf(failure))
    .type("application/json")
    .send(failure);
}

/** The status of a request that the server refused before any of our code saw it; `null` for every other error. */
function requestStatus(error: unknown): number | null {
  const status: unknown =
    typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : null;
  return typeof status === "number" && status >= 400 && status < 500 ? status : null;
}

function requestDetail(status: number, error: unknown): string {
  if (status === 413) return `The body is larger than the limit of ${limits.controlBodyBytesMax} bytes.`;
  if (status === 415) return "The body must be JSON (content-type: application/json).";
  return `The request cannot be read: ${error instanceof Error ? error.message : "it is malformed"}.`;
}

function listeningPort(app: FastifyInstance, options: ControlServerOptions): number {
  const address = app.server.address();
  return typeof address === "object" && address !== null ? address.port : options.port;
}
