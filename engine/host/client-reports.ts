import type { Op } from "../base/units.ts";
import type { SessionId, SessionRequest } from "../core/dialogue.ts";
import type { BrokerNode } from "../node/node.ts";
import type { ClientChange } from "../supervisor/channel.ts";
import type { Supervision } from "./supervision.ts";

type Rejection = Extract<ClientChange, { kind: "rejected" }>;

const clientReportMs = 20;
/** Numbers of messages in one report: beyond them they are only counted. */
const namedMessagesMax = 100;

/** What clients do, told to the supervisor in few reports. */
export class ClientReports {
  readonly #supervision: Supervision;
  #changes: ClientChange[] = [];
  #rejections = new Map<string, Rejection>();

  constructor(supervision: Supervision) {
    this.#supervision = supervision;
  }

  /** Together with what others do a moment later: after a failover all come at once, and first of all want answers. */
  add(change: ClientChange): void {
    if (this.#changes.length === 0) setTimeout(() => this.#report(), clientReportMs);
    // What it rejected is told while it is still known.
    if (change.kind === "disconnected") this.#takeRejections();
    this.#changes.push(change);
  }

  /**
   * A request that the node is about to get. What it rejects is told with the next `flush`, in one for all messages of
   * a queue: a client that rejects all it gets must not drown everything else that is told.
   */
  asked(node: BrokerNode, session: SessionId, request: SessionRequest): void {
    if (request.kind !== "settle" || request.outcome !== "rejected") return;
    const owner = node.active?.desk.clients.get(session)?.owner;
    const held =
      owner === undefined ? undefined : node.history.broker.owners.get(owner)?.held.get(request.subscription);
    for (const op of request.messages) {
      const queue = held?.get(op);
      if (queue !== undefined) this.#reject(session, queue.key, op, request.reason ?? null);
    }
  }

  /** Tells all that there is to tell. */
  flush(): void {
    this.#takeRejections();
    this.#report();
  }

  #reject(session: SessionId, destination: string, op: Op, reason: string | null): void {
    const key = JSON.stringify([session, destination, reason]);
    const known = this.#rejections.get(key);
    const { messages = [], count = 0, at = Date.now() } = known ?? {};
    this.#rejections.set(key, {
      kind: "rejected",
      session,
      at,
      destination,
      messages: messages.length < namedMessagesMax ? [...messages, op] : messages,
      count: count + 1,
      reason,
    });
  }

  #takeRejections(): void {
    for (const rejection of this.#rejections.values()) this.#changes.push(rejection);
    this.#rejections = new Map();
  }

  #report(): void {
    const changes = this.#changes;
    this.#changes = [];
    if (changes.length > 0) this.#supervision.report({ kind: "clients", changes });
  }
}
