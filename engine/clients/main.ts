import { randomBytes } from "node:crypto";
import { asInstant, asWallTime } from "../base/units.ts";
import type { HostOrder, HostReport } from "./channel.ts";
import { ClientHost } from "./host.ts";

/** The process of the built-in clients: a child of the supervisor, which speaks with it over the process channel. */
const closeLimitMs = 2_000;

function report(what: HostReport): void {
  // The channel may have closed a moment ago; then nobody is left to be told.
  if (process.connected) process.send?.(what, () => undefined);
}

function start(): void {
  const host = new ClientHost({
    report,
    now: () => ({ monotonic: asInstant(performance.now()), wall: asWallTime(Date.now()) }),
    runName: randomBytes(4).toString("hex"),
  });
  let isEnding = false;
  const end = (): void => {
    if (isEnding) return;
    isEnding = true;
    setTimeout(() => process.exit(0), closeLimitMs).unref();
    void host.stop().finally(() => process.exit(0));
  };
  process.on("message", (order: HostOrder) => {
    if (order.kind === "stop") end();
    else host.take(order);
  });
  process.on("disconnect", end);
  process.on("SIGTERM", end);
  // A terminal sends Ctrl+C to every process of the group; the supervisor says when to stop.
  process.on("SIGINT", () => undefined);
  process.on("uncaughtException", (error) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const last: HostReport = { kind: "failure", text: text.slice(0, 4_000) };
    if (process.send === undefined || !process.connected) process.exit(1);
    process.send(last, () => process.exit(1));
  });
  report({ kind: "ready" });
}

if (process.send === undefined) {
  process.stderr.write("This process is started by the supervisor and has nothing to do without one.\n");
  process.exitCode = 2;
} else {
  start();
}
