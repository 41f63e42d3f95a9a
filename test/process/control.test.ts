import { expect, test } from "vitest";
import { operations } from "../../engine/control/contract.ts";
import { Pair } from "./pair.ts";

const authorised = (pair: Pair, headers: Record<string, string> = {}): RequestInit => ({
  headers: { authorization: `Bearer ${pair.token}`, ...headers },
});

test("the control API wants the token, and tells nothing without it", async () => {
  const pair = await Pair.start();
  for (const path of ["/api/v1/pair", "/api/v1/events", "/metrics", "/api/v1/recovery"]) {
    const refused = await fetch(`${pair.ready.control}${path}`);
    expect([path, refused.status]).toEqual([path, 401]);
    expect(await refused.text()).not.toContain("digest");
    const wrong = await fetch(`${pair.ready.control}${path}`, { headers: { authorization: "Bearer guess" } });
    expect(wrong.status).toBe(401);
  }
  expect((await fetch(`${pair.ready.control}/api/v1/pair`, authorised(pair))).status).toBe(200);
  const foreign = authorised(pair, { origin: "https://evil.example" });
  expect((await fetch(`${pair.ready.control}/api/v1/pair`, foreign)).status).toBe(403);
});

test("metrics and the OpenAPI page describe the pair that runs", async () => {
  const pair = await Pair.start();
  await pair.cli("send", "orders", "hello");

  const metrics = await (await fetch(`${pair.ready.control}/metrics`, authorised(pair))).text();
  expect(metrics).toMatch(/^# TYPE understudy_\w+ gauge$/m);
  expect(metrics).toMatch(/understudy_\w*\{[^}]*node="replica"[^}]*\} /);
  const page = (await (
    await fetch(`${pair.ready.control}/api/v1/openapi.json`, authorised(pair))
  ).json()) as {
    openapi: string;
    paths: Record<string, object>;
  };
  expect(page.openapi).toMatch(/^3\./);
  for (const { path } of Object.values(operations)) expect(Object.keys(page.paths).join()).toContain(path);
});

test("a listener that lost its stream resumes behind the last event it has, without gap or repetition", async () => {
  const pair = await Pair.start();
  const firstPart = new AbortController();
  const seen: number[] = [];
  for await (const { id, kind } of pair.control.events(0, firstPart.signal)) {
    seen.push(id);
    if (kind === "protection" && seen.length > 3) firstPart.abort();
  }

  await pair.killFromOutside("primary");
  await pair.happens(({ event }) => event === "promoted", "promotion");

  const rest = new AbortController();
  for await (const { id, kind } of pair.control.events(seen.at(-1) ?? 0, rest.signal)) {
    seen.push(id);
    if (kind === "promoted") rest.abort();
  }
  expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => index + 1));
});

test("what up prints, what events prints and what the stream says are the same events", async () => {
  const pair = await Pair.start();
  await pair.killFromOutside("primary");
  await pair.happens(({ event }) => event === "promoted", "promotion");
  // More may happen while they are printed.
  const { events } = pair;

  const printed = (await pair.cli("events", "--no-follow", "--json")).split("\n");

  const lines = printed.map((line) => JSON.parse(line) as { id: number });
  for (const event of events) expect(lines.find(({ id }) => id === event.id)).toEqual(event);
});
