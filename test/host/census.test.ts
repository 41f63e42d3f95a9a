import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Destination } from "../../engine/core/message.ts";
import { Census } from "../../engine/host/census.ts";
import type { NodeStatistics } from "../../engine/supervisor/channel.ts";
import { DestinationBoard } from "../../engine/supervisor/destination-board.ts";
import { checkReport } from "../../engine/supervisor/report-check.ts";
import { messageTo } from "../core/helpers.ts";
import { NodeBench, session } from "../node/bench.ts";
import { plainWishes } from "../../engine/core/dialogue.ts";

const queue = (number: number): Destination => ({ kind: "queue", name: `crowd.${number}` });
const temporary = (number: number): Destination => ({ kind: "temp-queue", name: `reply.${number}` });

/** A broker process with its census; its reports reach the supervisor as they do over the process channel. */
class CountedNode {
  readonly bench = new NodeBench();
  #epoch = 0;
  census = new Census();

  constructor() {
    this.serve();
  }

  serve(): void {
    this.bench.start().grant(++this.#epoch).sync();
  }

  restart(): void {
    this.bench.restart();
    this.bench.grant(++this.#epoch).sync();
    this.census = new Census();
  }

  send(destination: Destination, by = 1): void {
    this.bench.ask({ kind: "send", message: messageTo(destination), transaction: null }, by);
    this.bench.endTurn();
  }

  subscribe(destination: Destination, subscription: string, by = 1): void {
    this.bench.ask(
      {
        kind: "subscribe",
        subscription,
        destination,
        ackMode: "client-individual",
        prefetchCount: 2,
        ...plainWishes,
      },
      by,
    );
    this.bench.endTurn().sync();
  }

  report(census = this.census): NodeStatistics | null {
    const statistics = census.take({ node: this.bench.node, port: null, linkBytes: 0 }, 0);
    if (statistics === null) return null;
    const report = checkReport(JSON.parse(JSON.stringify({ kind: "statistics", statistics })));
    if (typeof report === "string") throw new Error(report);
    return report.kind === "statistics" ? report.statistics : null;
  }
}

/** What the supervisor makes of the reports. */
class Listener {
  readonly board = new DestinationBoard();
  readonly clients = new Map<number, unknown>();

  hear(statistics: NodeStatistics | null): void {
    if (statistics === null) return;
    this.board.counted("primary", statistics, true, 0);
    if (statistics.whole) this.clients.clear();
    for (const client of statistics.clients) this.clients.set(client.session, client);
  }

  forget(client: number): void {
    this.clients.delete(client);
  }

  shown(): unknown {
    const destinations = this.board
      .views(10_000)
      .map(({ inPerSecond: _in, outPerSecond: _out, ...count }) => count);
    return { destinations: byName(destinations), clients: new Map([...this.clients].sort()) };
  }
}

function byName<One extends { name: string }>(counts: readonly One[]): One[] {
  return counts.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** What a process that has just started would tell of the same state. */
function counted(node: CountedNode): unknown {
  const { destinations, clients } = node.report(new Census())!;
  return {
    destinations: byName(destinations),
    clients: new Map(clients.map((client) => [client.session, client] as const).sort()),
  };
}

const small = fc.integer({ min: 1, max: 3 });
const step = fc.oneof(
  fc.record({ do: fc.constant("send" as const), to: small, by: small }),
  fc.record({ do: fc.constant("subscribe" as const), to: small, by: small }),
  fc.record({ do: fc.constant("unsubscribe" as const), to: small, by: small }),
  fc.record({
    do: fc.constantFrom("create-temporary" as const, "delete-temporary" as const),
    to: small,
    by: small,
  }),
  fc.record({ do: fc.constant("leave" as const), by: small }),
  fc.record({ do: fc.constantFrom("sync" as const, "report" as const, "restart" as const) }),
);

describe("census", () => {
  test("tells what came to a client again, and what it sent again", () => {
    const node = new CountedNode();
    node.bench.open(1).open(2);
    const message = messageTo(queue(1), { origin: { producer: "ID:p", sequence: 7 } });
    for (let time = 0; time < 3; time += 1) node.bench.ask({ kind: "send", message, transaction: null }, 1);
    node.subscribe(queue(1), "s", 1);
    node.bench.ask({ kind: "unsubscribe", subscription: "s", unseen: [] }, 1);
    node.subscribe(queue(1), "s", 2);
    expect(node.report()?.clients).toMatchObject([
      { session: 1, sent: 1, sentAgain: 2, received: 1, redelivered: 0 },
      { session: 2, received: 1, redelivered: 1 },
    ]);
  });

  test("what changed, put together, is all that there is, also across restarts of the process", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
        const node = new CountedNode();
        const listener = new Listener();
        const sessions = new Map<number, number>();
        let sessionCount = 0;
        const enter = (client: number): number => {
          let number = sessions.get(client);
          if (number !== undefined) return number;
          sessions.set(client, (number = ++sessionCount));
          node.bench.open(number);
          return number;
        };
        for (const one of steps) {
          const by = "by" in one ? enter(one.by) : 0;
          switch (one.do) {
            case "send":
              node.send(queue(one.to), by);
              break;
            case "subscribe":
              node.subscribe(queue(one.to), String(one.to), by);
              break;
            case "unsubscribe":
              node.bench.ask({ kind: "unsubscribe", subscription: String(one.to), unseen: [] }, by);
              node.bench.endTurn().sync();
              break;
            case "create-temporary":
            case "delete-temporary":
              node.bench.ask({ kind: one.do, destination: temporary(one.to) }, by);
              node.bench.endTurn().sync();
              break;
            case "leave":
              sessions.delete(one.by);
              node.bench.give({ kind: "session-closed", session: session(by) });
              node.bench.endTurn().sync();
              listener.forget(by);
              break;
            case "report":
              listener.hear(node.report());
              expect(node.report()).toBeNull();
              expect(listener.shown()).toEqual(counted(node));
              break;
            case "sync":
              node.bench.sync();
              break;
            case "restart":
              node.restart();
              sessions.clear();
              break;
          }
        }
        listener.hear(node.report());
        expect(listener.shown()).toEqual(counted(node));
      }),
      { numRuns: 100 },
    );
  });

  test("one message among many queues and clients is told in one row for its queue and one for its sender", () => {
    const node = new CountedNode();
    for (let index = 1; index <= 100; index += 1) {
      node.bench.open(index);
      node.subscribe(queue(index), "s", index);
    }
    expect(node.report()).toMatchObject({
      whole: true,
      destinations: { length: 100 },
      clients: { length: 100 },
    });

    node.bench.open(101);
    node.send({ kind: "queue", name: "orders" }, 101);
    expect(node.report()).toMatchObject({
      whole: false,
      storedMessages: 1,
      destinations: [{ name: "queue://orders", depth: 1, producers: 1 }],
      gone: [],
      clients: [{ session: 101, sent: 1 }],
    });
    expect(node.report()).toBeNull();
  });

  test("a consumer that has asked nothing more is told of when it is handed something", () => {
    const node = new CountedNode();
    for (const number of [1, 2]) node.bench.open(number);
    node.subscribe(queue(1), "s", 1);
    node.report();
    // Ordered, but not safe yet: nothing has been delivered.
    node.send(queue(1), 2);
    expect(node.report()?.clients).toMatchObject([
      { session: 1, unacknowledged: 1, received: 0 },
      { session: 2, sent: 1 },
    ]);
  });
});

describe("destinations of the active node", () => {
  const row = (name: string, enqueued: number): NodeStatistics["destinations"][number] => ({
    name,
    kind: "queue",
    depth: enqueued,
    inFlight: 0,
    consumers: 0,
    producers: 1,
    enqueued,
    dequeued: 0,
  });

  test("a rate is that of the last second, also after a silence and for a new one", () => {
    const board = new DestinationBoard();
    const told = (name: string, enqueued: number, now: number, whole = false): void =>
      board.counted("primary", { whole, destinations: [row(name, enqueued)], gone: [] }, true, now);
    const rates = (now: number): number[] => board.views(now).map(({ inPerSecond }) => inPerSecond);

    told("orders", 1_000, 0, true);
    expect(rates(0)).toEqual([0]);
    told("orders", 1_050, 60_000);
    told("new", 20, 60_000);
    expect(rates(60_000)).toEqual([50, 20]);
    told("orders", 1_100, 60_250);
    expect(rates(60_250)).toEqual([80, 16]);
    expect(rates(62_000)).toEqual([0, 0]);
  });

  test("those of the other node are shown once it serves, as complete as it told them before", () => {
    const board = new DestinationBoard();
    board.counted("primary", { whole: true, destinations: [row("orders", 5)], gone: [] }, true, 0);
    const copies = [row("orders", 5), row("prices", 1), row("left", 1)];
    board.counted("replica", { whole: true, destinations: copies, gone: [] }, false, 0);
    board.counted("replica", { whole: false, destinations: [], gone: ["left"] }, false, 1);
    expect(board.views(1)).toMatchObject([{ name: "orders" }]);

    board.counted("replica", { whole: false, destinations: [row("orders", 6)], gone: [] }, true, 2);
    expect(board.views(2)).toMatchObject([{ name: "orders", enqueued: 6 }, { name: "prices" }]);
  });
});
