import { z } from "zod";
import { apiPrefix, controlFailure, operations, type OperationId } from "./contract.ts";
import { timelineEvent } from "./events.ts";
import * as views from "./views.ts";

/** The control API as OpenAPI 3.1, made from the same table that the server is made from. */
export function openApiDocument(version: string, url: string): Record<string, unknown> {
  const named = namedSchemas();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, operation] of Object.entries(operations) as [
    OperationId,
    (typeof operations)[OperationId],
  ][]) {
    const path = (paths[`${apiPrefix}${operation.path}`] ??= {});
    path[operation.method.toLowerCase()] = describeOperation(id);
  }
  paths[`${apiPrefix}/events`] = { get: eventStream };
  paths[`${apiPrefix}/openapi.json`] = { get: description };
  paths["/metrics"] = { get: metrics };
  return {
    openapi: "3.1.0",
    info: {
      title: "Understudy control API",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url }],
    security: [{ token: [] }],
    paths,
    components: { schemas: named, securitySchemes: { token: { type: "http", scheme: "bearer" } } },
  };
}

const schemaPrefix = "#/components/schemas/";

/** Operations whose outputs are a view of their own share it; the others have an output named after themselves. */
function namedSchemas(): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of outputSchemas()) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `${schemaPrefix}${id}`, io: "output" });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutIds(schema)]));
}

function outputSchemas(): Map<string, z.ZodType> {
  const schemas = new Map<string, z.ZodType>([
    ["PairView", views.pairView],
    ["BrokerView", views.brokerView],
    ["LinkView", views.linkView],
    ["ClientView", views.clientView],
    ["BuiltInClient", views.builtInClient],
    ["DestinationView", views.destinationView],
    ["MessageSummary", views.messageSummary],
    ["MessageDetail", views.messageDetail],
    ["LedgerView", views.ledgerView],
    ["RecoveryView", views.recoveryView],
    ["TimelineEvent", timelineEvent],
    ["Failure", controlFailure],
  ]);
  const known = new Set(schemas.values());
  for (const [id, { output }] of Object.entries(operations)) {
    if (known.has(output)) continue;
    known.add(output);
    schemas.set(`${id[0]?.toUpperCase() ?? ""}${id.slice(1)}Output`, output);
  }
  return schemas;
}

function nameOfSchema(schema: z.ZodType): string {
  for (const [id, candidate] of outputSchemas()) if (candidate === schema) return id;
  throw new Error("every output has a name");
}

/** Identifiers that are fragments are for the generator; in the finished document they would be wrong. */
function withoutIds(schema: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== "$id" && name !== "$schema"));
}

function describeOperation(id: OperationId): Record<string, unknown> {
  const { method, path, summary, input, output } = operations[id];
  const fields = Object.entries<z.ZodType>(input instanceof z.ZodObject ? input.shape : {});
  const inPath = new Set(path.match(/(?<=\{)\w+(?=\})/g));
  const outsidePath = fields.filter(([name]) => !inPath.has(name));
  const parameters = [
    ...fields.filter(([name]) => inPath.has(name)).map(([name, schema]) => parameter(name, schema, "path")),
    ...(method === "POST" ? [] : outsidePath.map(([name, schema]) => parameter(name, schema, "query"))),
  ];
  return {
    operationId: id,
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(method === "POST" && outsidePath.length > 0 ? { requestBody: requestBody(outsidePath) } : {}),
    responses: {
      200: { description: "Done", content: json({ $ref: `${schemaPrefix}${nameOfSchema(output)}` }) },
      default: { description: "Failed", content: json({ $ref: `${schemaPrefix}Failure` }) },
    },
  };
}

function parameter(name: string, schema: z.ZodType, place: "path" | "query"): Record<string, unknown> {
  const isRequired = place === "path" || isNeeded(schema);
  return {
    name,
    in: place,
    required: isRequired,
    schema: withoutIds(z.toJSONSchema(schema, { io: "output" })),
  };
}

function requestBody(fields: readonly [string, z.ZodType][]): Record<string, unknown> {
  const schema = z.strictObject(Object.fromEntries(fields));
  return {
    required: fields.some(([, field]) => isNeeded(field)),
    content: json(withoutIds(z.toJSONSchema(schema, { io: "input" }))),
  };
}

function isNeeded(schema: z.ZodType): boolean {
  return !schema.safeParse(undefined).success;
}

function json(schema: Record<string, unknown>): Record<string, unknown> {
  return { "application/json": { schema } };
}

const eventStream = {
  operationId: "streamEvents",
  summary:
    "Timeline events as server-sent events: first those after `after` or Last-Event-ID, then as they happen",
  parameters: [
    { name: "after", in: "query", required: false, schema: { type: "integer" } },
    { name: "Last-Event-ID", in: "header", required: false, schema: { type: "integer" } },
  ],
  responses: {
    200: {
      description: "Each event's data is a TimelineEvent",
      content: { "text/event-stream": { schema: { type: "string" } } },
    },
    default: { description: "Refused", content: json({ $ref: `${schemaPrefix}Failure` }) },
  },
};

const description = {
  operationId: "describe",
  summary: "This document",
  responses: { 200: { description: "Done", content: json({ type: "object" }) } },
};

const metrics = {
  operationId: "getMetrics",
  summary: "Metrics in the text format of Prometheus",
  responses: { 200: { description: "Done", content: { "text/plain": { schema: { type: "string" } } } } },
};
