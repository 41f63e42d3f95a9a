import { apiPrefix, operations } from "../contract.ts";

const more: readonly (readonly [method: string, path: string])[] = [
  ["GET", `${apiPrefix}/events`],
  ["GET", `${apiPrefix}/openapi.json`],
  ["GET", "/metrics"],
];

const served = [
  ...Object.values(operations).map(({ method, path }) => [method, `${apiPrefix}${path}`] as const),
  ...more,
].map(([method, path]) => ({ method, pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`) }));

/** What may be done at `path`, for a caller that tried something else; empty when nothing is there. */
export function methodsAt(path: string): readonly string[] {
  return served.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
}
