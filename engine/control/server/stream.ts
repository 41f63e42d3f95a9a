import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Supervisor } from "../../supervisor/supervisor.ts";
import type { TimelineEvent } from "../events.ts";

/** Bytes waiting for a listener that does not read; beyond it the listener is dropped and may resume by the last id it has. */
const backlogBytesMax = 1_048_576;
/** Events that may happen while a listener is still being given what came before. */
const pendingCountMax = 5_000;
const pageCount = 1_000;
const heartBeatMs = 15_000;

/**
 * Writes the timeline to `response` as server-sent events until the listener leaves: first all events after the one
 * numbered `after` (`null`: none), then each as it happens, each once. A comment tells of events no longer kept.
 */
export async function streamEvents(
  supervisor: Supervisor,
  after: number | null,
  response: ServerResponse,
): Promise<void> {
  response.write("retry: 1000\n\n: this is the pair's timeline\n\n");
  const pending: TimelineEvent[] = [];
  let isLive = false;
  const unsubscribe = supervisor.events.follow((event) => {
    if (isLive) send(response, event);
    else if (pending.push(event) > pendingCountMax) response.destroy();
  });
  const heartBeat = setInterval(() => {
    sendText(response, ": still here\n\n");
  }, heartBeatMs);
  response.once("close", () => {
    unsubscribe();
    clearInterval(heartBeat);
  });
  const last =
    after === null ? 0 : await replay(supervisor, await resumeAt(supervisor, after, response), response);
  for (const event of pending) if (event.id > last) send(response, event);
  isLive = true;
}

/**
 * Where to go on for a listener that heard the event numbered `after`. If no such number was given yet it is of an earlier
 * run, since when the numbers have begun anew: all that happened in this one is news.
 */
async function resumeAt(supervisor: Supervisor, after: number, response: ServerResponse): Promise<number> {
  if (after === 0) return 0;
  const { events } = await supervisor.service.listEvents({ after: after - 1, limit: 1 });
  if (events.length > 0) return after;
  response.write(": the pair was started again since, and counts its events anew\n\n");
  return 0;
}

/** Returns the id of the last event written; 0 when there was none. */
async function replay(supervisor: Supervisor, after: number, response: ServerResponse): Promise<number> {
  let last = 0;
  for (;;) {
    const { events } = await supervisor.service.listEvents({
      after: Math.max(after, last),
      limit: pageCount,
    });
    const [first] = events;
    if (first === undefined || response.destroyed) return last;
    const missing = last === 0 ? first.id - after - 1 : 0;
    if (missing > 0) response.write(`: ${missing} events before this one are no longer kept\n\n`);
    for (const event of events) response.write(textOf(event));
    last = events.at(-1)?.id ?? last;
    if (response.writableNeedDrain) await Promise.race([once(response, "drain"), once(response, "close")]);
  }
}

function send(response: ServerResponse, event: TimelineEvent): void {
  sendText(response, textOf(event));
}

function sendText(response: ServerResponse, text: string): void {
  if (response.destroyed) return;
  response.write(text);
  if (response.writableLength > backlogBytesMax) response.destroy();
}

/** JSON holds no line's end, so an event is always one line of data. */
function textOf(event: TimelineEvent): string {
  return `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}
