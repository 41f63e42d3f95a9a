import fc from "fast-check";
import { test } from "vitest";
import { assert } from "../../engine/base/assert.ts";
import { Arbiter } from "../../engine/supervisor/arbiter.ts";
import {
  freshArbiterState,
  otherNode,
  type ArbiterEffect,
  type ArbiterInput,
  type ArbiterState,
} from "../../engine/supervisor/arbiter-state.ts";
import type { NodeName } from "../../engine/control/views.ts";

/**
 * Two model nodes that obey the rules of replication, a channel in each direction that keeps its order but not the
 * other's pace, and an arbiter whose book survives being killed. A node could confirm alone if it lives and its last
 * grant says so; with its peer if that peer lives, follows and has seen no newer epoch.
 */
interface ModelNode {
  alive: boolean;
  frozen: boolean;
  epoch: number;
  /** `paired` after it told so: from then on it confirms nothing alone. */
  grant: "none" | "with-peer" | "alone";
  inbox: Extract<ArbiterEffect, { kind: "tell" }>["order"][];
  outbox: ArbiterInput[];
  /** Entries in its store; the oracle compares them with all that was confirmed. */
  holds: number;
}

type Action = readonly [
  kind:
    | "start"
    | "kill"
    | "freeze"
    | "thaw"
    | "deliver"
    | "report"
    | "pair"
    | "lose"
    | "confirm"
    | "ping"
    | "wake"
    | "restart",
  node: NodeName,
];

/** Failures are rarer than progress, or no run ever gets far enough for a failure to hurt. */
const actions = fc.array(
  fc.tuple(
    fc.oneof(
      {
        weight: 60,
        arbitrary: fc.constantFrom<Action[0]>("start", "deliver", "report", "report", "pair", "confirm"),
      },
      { weight: 20, arbitrary: fc.constantFrom<Action[0]>("kill", "lose", "freeze", "thaw", "ping", "wake") },
      { weight: 1, arbitrary: fc.constantFrom<Action[0]>("restart") },
    ),
    fc.constantFrom<NodeName>("primary", "replica"),
  ),
  { minLength: 100, maxLength: 300, size: "max" },
);

class World {
  book: ArbiterState = freshArbiterState;
  arbiter: Arbiter;
  now = 0;
  pings: NodeName[] = [];
  readonly nodes: Record<NodeName, ModelNode> = { primary: dead(), replica: dead() };
  /** Entries confirmed to a client, ever; a node that may confirm must hold them all. */
  confirmed = 0;
  attached = false;
  readonly waitForReplica: boolean | "always";
  constructor(waitForReplica: boolean | "always") {
    this.waitForReplica = waitForReplica;
    this.arbiter = this.#newArbiter();
  }

  #newArbiter(): Arbiter {
    return new Arbiter(this.book, {
      profile: "guarded",
      waitForReplica: this.waitForReplica,
      shutdownOnPrimaryFailure: false,
      shutdownOnReplicaFailure: false,
    });
  }

  tell(input: ArbiterInput): void {
    for (const effect of this.arbiter.step(input, this.now)) {
      if (effect.kind === "persist") this.book = effect.state;
      if (effect.kind === "ping") this.pings.push(effect.node);
      if (effect.kind === "tell" && this.nodes[effect.node].alive)
        this.nodes[effect.node].inbox.push(effect.order);
      if (effect.kind === "tell")
        assert(
          effect.order.kind !== "granted" || this.book.epoch === effect.order.epoch,
          "granted before it was written",
        );
    }
  }

  act([kind, name]: Action): void {
    const node = this.nodes[name];
    const peer = this.nodes[otherNode(name)];
    const position = { epoch: 0, op: node.holds, digest: "" };
    switch (kind) {
      case "start":
        if (node.alive) return;
        this.nodes[name] = { ...leftBehind(node), alive: true };
        this.tell({ kind: "starting", node: name });
        this.nodes[name].outbox.push(
          { kind: "opened", node: name, position, pairId: null },
          { kind: "asked", node: name, wish: "active", position },
        );
        return;
      case "kill":
        if (!node.alive) return;
        this.nodes[name] = leftBehind(node);
        this.attached = false;
        return this.tell({ kind: "exited", node: name, how: "failed" });
      case "restart": {
        for (const one of ["primary", "replica"] as const) this.nodes[one] = leftBehind(this.nodes[one]);
        this.attached = false;
        this.pings = [];
        this.arbiter = this.#newArbiter();
        return;
      }
      case "freeze":
      case "thaw":
        node.frozen = kind === "freeze";
        return;
      case "deliver":
        return node.frozen ? undefined : this.#obey(node);
      case "report": {
        const input = node.outbox.shift();
        if (input !== undefined) this.tell(input);
        return;
      }
      case "pair":
        // The handshake: the peer is brought up to date, then the active node says so before it relies on it.
        if (
          !node.alive ||
          node.frozen ||
          node.grant === "none" ||
          !peer.alive ||
          peer.frozen ||
          peer.epoch > node.epoch ||
          peer.grant !== "none"
        )
          return;
        peer.holds = node.holds;
        peer.epoch = node.epoch;
        this.attached = true;
        node.grant = "with-peer";
        node.outbox.push({ kind: "paired", node: name, epoch: node.epoch, position });
        return;
      case "lose":
        if (!this.attached) return;
        this.attached = false;
        for (const one of ["primary", "replica"] as const) {
          const loser = this.nodes[one];
          if (!loser.alive) continue;
          const wish = loser.grant === "none" ? "active" : "alone";
          loser.outbox.push({ kind: "asked", node: one, wish, position: { ...position, op: loser.holds } });
        }
        return;
      case "confirm":
        return this.#confirm(name);
      case "ping": {
        const pinged = this.pings.shift();
        if (pinged !== undefined)
          this.tell({
            kind: this.nodes[pinged].alive && !this.nodes[pinged].frozen ? "answered" : "unanswered",
            node: pinged,
          });
        return;
      }
      case "wake":
        this.now += 3_000;
        return this.tell({ kind: "woken" });
      default:
        throw new Error(String(kind satisfies never));
    }
  }

  #obey(node: ModelNode): void {
    const order = node.inbox.shift();
    if (order?.kind === "granted") {
      node.epoch = order.epoch;
      node.grant = order.withPeer ? "with-peer" : "alone";
    } else if (order?.kind === "denied" && order.epoch > node.epoch) {
      node.grant = "none";
    }
  }

  /** A client's request is confirmed here: what the oracle watches. */
  #confirm(name: NodeName): void {
    const node = this.nodes[name];
    const peer = this.nodes[otherNode(name)];
    if (!this.#couldConfirm(name)) return;
    assert(node.holds >= this.confirmed, `the ${name} serves without all that was confirmed`);
    node.holds = this.confirmed + 1;
    if (node.grant === "with-peer") peer.holds = node.holds;
    this.confirmed = node.holds;
  }

  #couldConfirm(name: NodeName): boolean {
    const node = this.nodes[name];
    const peer = this.nodes[otherNode(name)];
    if (!node.alive || node.frozen || node.grant === "none") return false;
    if (node.grant === "alone") return true;
    return this.attached && peer.alive && !peer.frozen && peer.grant === "none" && peer.epoch <= node.epoch;
  }

  check(): void {
    assert(!(this.#couldConfirm("primary") && this.#couldConfirm("replica")), "both could confirm");
    const newest = this.book.holder;
    if (this.book.alone && newest !== null)
      assert(this.book.inSync.join() === newest, "alone means alone in sync");
  }
}

function dead(): ModelNode {
  return { alive: false, frozen: false, epoch: 0, grant: "none", inbox: [], outbox: [], holds: 0 };
}

/** What a process leaves on its disk: its entries, and the newest epoch it has seen. */
function leftBehind({ holds, epoch }: ModelNode): ModelNode {
  return { ...dead(), holds, epoch };
}

for (const waitForReplica of [false, true, "always"] as const) {
  test(`arbiter: never two nodes that could both confirm, never one that lacks what was confirmed (waitForReplica ${String(waitForReplica)})`, () => {
    fc.assert(
      fc.property(actions, (script) => {
        const world = new World(waitForReplica);
        for (const action of script) {
          world.act(action);
          world.check();
        }
      }),
      { numRuns: 2_000 },
    );
  });
}
