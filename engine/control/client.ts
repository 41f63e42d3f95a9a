import { BrokerError } from "../base/errors.ts";
import {
  apiPrefix,
  controlFailure,
  operations,
  type OperationId,
  type OperationInput,
  type OperationOutput,
} from "./contract.ts";
import { errorOf } from "./failure.ts";
import type { TimelineEvent } from "./events.ts";

/** The control API over HTTP: one method for each row of the table. Failures are the `BrokerError` that the server had. */
export type ControlClient = {
  readonly [Id in OperationId]: (input: OperationInput<Id>) => Promise<OperationOutput<Id>>;
} & {
  /**
   * Events after the one numbered `after` (`null`: from now on), and then as they happen, until the pair is gone
   * (UNREACHABLE) or `signal` is aborted (the iteration ends). It does not reconnect: call again with the last id.
   */
  events(after: number | null, signal?: AbortSignal): AsyncGenerator<TimelineEvent, void>;
};

/** `url` as in `http://127.0.0.1:8161`. Nothing is connected until the first call. */
export function controlClient({
  url,
  token,
}: {
  readonly url: string;
  readonly token: string;
}): ControlClient {
  const target = { url, token };
  const calls = Object.fromEntries(
    (Object.keys(operations) as OperationId[]).map((id) => [
      id,
      (input: Record<string, unknown>) => call(target, id, input),
    ]),
  );
  const events: ControlClient["events"] = (after, signal) => listen(target, after, signal);
  return { ...calls, events } as ControlClient;
}

interface Target {
  readonly url: string;
  readonly token: string;
}

async function call(target: Target, id: OperationId, input: Record<string, unknown>): Promise<unknown> {
  const { method, path } = operations[id];
  const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = rest.get(name);
    rest.delete(name);
    return encodeURIComponent(String(value));
  });
  const query =
    method === "POST"
      ? ""
      : `?${new URLSearchParams([...rest].map(([name, value]) => [name, String(value)])).toString()}`;
  const response = await request(target, `${apiPrefix}${filled}${query === "?" ? "" : query}`, {
    method,
    ...(method === "POST"
      ? { body: JSON.stringify(Object.fromEntries(rest)), headers: { "content-type": "application/json" } }
      : {}),
  });
  return response.json().catch((error: unknown) => {
    throw unreachable(target, error);
  });
}

async function* listen(
  target: Target,
  after: number | null,
  signal?: AbortSignal,
): AsyncGenerator<TimelineEvent, void> {
  const query = after === null ? "" : `?after=${after}`;
  try {
    const response = await request(target, `${apiPrefix}/events${query}`, {
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.body === null) return;
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of response.body as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>) {
      const blocks = (text + decoder.decode(chunk, { stream: true })).split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data !== undefined) yield JSON.parse(data) as TimelineEvent;
      }
    }
  } catch (error) {
    if (signal?.aborted === true) return;
    throw error instanceof BrokerError ? error : unreachable(target, error);
  }
  if (signal?.aborted !== true) throw unreachable(target, null);
}

async function request(target: Target, path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    const headers = {
      ...(init.headers as Record<string, string> | undefined),
      authorization: `Bearer ${target.token}`,
    };
    response = await fetch(`${target.url}${path}`, { ...init, headers });
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw unreachable(target, error);
  }
  if (response.ok) return response;
  const failure = controlFailure.safeParse(await response.json().catch(() => null));
  if (failure.success) throw errorOf(failure.data);
  throw new BrokerError("UNREACHABLE", {
    detail: `${target.url} answered ${response.status}, and not as a pair does.`,
  });
}

function unreachable({ url }: Target, error: unknown): BrokerError {
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : "";
  return new BrokerError("UNREACHABLE", { detail: `The pair at ${url} does not answer${cause}.` });
}
