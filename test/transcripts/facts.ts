import type { Queue } from "../../engine/core/queue.ts";
import type { Op } from "../../engine/base/units.ts";
import type { NodeName } from "../world/host.ts";
import type { Stage } from "./stage.ts";

const nodeNames = ["primary", "replica"] as const;

/**
 * Whether a sentence about the stage is true: `null` when it is, else what is found instead. A story's facts are
 * judged each time, also when its transcript is rewritten, so that no wrong outcome is ever blessed by a rewrite.
 */
export function untruth(stage: Stage, sentence: string): string | null {
  for (const [pattern, judge] of judges) {
    const found = pattern.exec(sentence);
    if (found !== null) return judge(stage, ...found.slice(1));
  }
  throw new Error(`nobody can tell whether "${sentence}"`);
}

type Judge = (stage: Stage, ...words: string[]) => string | null;

const judges: readonly (readonly [RegExp, Judge])[] = [
  [/^the (primary|replica) is (.+)$/, (stage, node, state) => same(stage.stateOf(node as NodeName), state)],
  [
    /^the (primary|replica) says: (.+)$/,
    (stage, node, text = "") => {
      const reason = stage.reasonOf(node as NodeName);
      return reason.includes(text) ? null : `it says "${reason}"`;
    },
  ],
  [
    /^the (primary|replica)'s port is (open|closed)$/,
    (stage, node, state) =>
      same(stage.world.hosts[node as NodeName]?.isOpen === true ? "open" : "closed", state),
  ],
  [
    /^the pair is (protected|not protected)$/,
    (stage, state) => same(stage.isProtected ? "protected" : "not protected", state),
  ],
  [
    /^both stores end with the same history$/,
    ({ world: { disks } }) =>
      disks.primary.headOp === disks.replica.headOp &&
      disks.primary.chain.at(-1) === disks.replica.chain.at(-1)
        ? null
        : `the primary's ends at ${disks.primary.headOp}, the replica's at ${disks.replica.headOp}`,
  ],
  [
    /^the histories part after entry (\d+)$/,
    ({ world: { disks } }, op) => {
      const part = disks.primary.chain.findIndex((digest, index) => digest !== disks.replica.chain[index]);
      return same(String(part - 1), op);
    },
  ],
  [
    /^the book says: epoch (\d+), (primary|replica)( alone)?; in sync: (.+)$/,
    ({ world }, epoch = "", holder = "", alone = "", inSync = "") => {
      const { state } = world.book;
      const found = `epoch ${state.epoch}, ${state.holder ?? "nobody"}${state.alone ? " alone" : ""}; in sync: ${state.inSync.join(" and ")}`;
      return same(found, `epoch ${epoch}, ${holder}${alone}; in sync: ${inSync}`);
    },
  ],
  [/^both served at once$/, ({ world }) => (world.book.state.split ? null : "the book knows of no split")],
  [/^client (\w+) was told to be safe: (.+)$/, (stage, name, list) => same(listed(told(stage, name)), list)],
  [
    /^client (\w+) waits for: (.+)$/,
    (stage, name, list) => same(listed(clientOf(stage, name).waiting), list),
  ],
  [/^client (\w+) got: (.+)$/, (stage, name, list) => same(listed(clientOf(stage, name).account.got), list)],
  [
    /^client (\w+) was refused: (.+)$/,
    (stage, name, text = "") => {
      const { refused } = clientOf(stage, name).account;
      return refused.some((one) => one.includes(text)) ? null : `it was refused: ${listed(refused)}`;
    },
  ],
  [
    /^client (\w+) is at (the primary|the replica|neither)$/,
    (stage, name, where) => {
      const { node } = clientOf(stage, name);
      return same(node === null ? "neither" : `the ${node}`, where);
    },
  ],
  [
    /^the (primary|replica)(?:'s (queue|topic) ([\w.]+))? holds: (.+)$/,
    (stage, node, kind = "queue", name = "orders", list) =>
      same(listed(contents(stage, node as NodeName, `${kind}://${name}`)), list),
  ],
  [
    /^the (primary|replica)'s durable subscriptions hold: (.+)$/,
    (stage, node, list) => same(listed(durables(stage, node as NodeName)), list),
  ],
  [
    /^nothing confirmed is lost$/,
    (stage) => {
      const lost = keepers(stage).flatMap((node) =>
        missing(stage, node).map((one) => `${one} at the ${node}`),
      );
      return lost.length === 0 ? null : `lost: ${listed(lost)}`;
    },
  ],
  [
    /^confirmed, and not at the (primary|replica): (.+)$/,
    (stage, node, list) => same(listed(missing(stage, node as NodeName)), list),
  ],
  [
    /^the recovery is (done|failed|undone)$/,
    (stage, state) => same(stage.recovery.view?.state ?? "not begun", state),
  ],
  [
    /^(no|one) replaced store is kept$/,
    (stage, count) => same(stage.recovery.kept.length === 0 ? "no" : "one", count),
  ],
];

function same(found: string, wanted: string | undefined): string | null {
  return found === wanted ? null : `it is "${found}"`;
}

function listed(list: readonly string[]): string {
  return list.length === 0 ? "nothing" : list.join(", ");
}

function clientOf(stage: Stage, name: string): NonNullable<ReturnType<Stage["clients"]["get"]>> {
  const client = stage.clients.get(name);
  if (client === undefined) throw new Error(`there is no client ${name}`);
  return client;
}

/** All that counts: that a subscription or a transaction began is no promise. */
function told(stage: Stage, name: string): readonly string[] {
  return clientOf(stage, name).account.confirmed.filter((words) => !/^(subscribe|begin)/.test(words));
}

/** Queues of a node that runs, or of what it has on its disk. */
function queuesOf(stage: Stage, node: NodeName): ReadonlyMap<string, Queue> {
  const { hosts, disks } = stage.world;
  return (hosts[node]?.node?.history.broker ?? disks[node].load().broker).queues;
}

function contents(stage: Stage, node: NodeName, key: string): string[] {
  const queue = queuesOf(stage, node).get(key);
  return queue === undefined ? [] : [...queue.inOrder()].map(({ op }) => bodyOf(stage, node, op));
}

function durables(stage: Stage, node: NodeName): string[] {
  return [...queuesOf(stage, node).values()]
    .filter(({ key }) => !key.startsWith("queue://") && !key.startsWith("temp-queue://"))
    .flatMap((queue) => [...queue.inOrder()].map(({ op }) => bodyOf(stage, node, op)));
}

function bodyOf(stage: Stage, node: NodeName, op: Op): string {
  const message = stage.world.disks[node].message(op);
  return message === null ? `message ${op}` : new TextDecoder().decode(message.body);
}

/** Nodes that must hold all that was confirmed: who serves, or, while nobody does, who may. */
function keepers(stage: Stage): readonly NodeName[] {
  const serving = nodeNames.filter((node) => ["active", "blocked"].includes(stage.stateOf(node)));
  return serving.length > 0 ? serving : stage.world.book.state.inSync;
}

/** Bodies that some client was told to be safe, that no client was done with, and that the node does not have. */
function missing(stage: Stage, node: NodeName): string[] {
  const words = [...stage.clients.keys()].flatMap((name) => told(stage, name));
  const sent = words.flatMap((one) => /^send (\w+)$/.exec(one)?.[1] ?? []);
  // What was asked to be settled may be settled, told or not.
  const asked = [...stage.clients.values()].flatMap(({ waiting, account }) => [
    ...waiting,
    ...account.confirmed,
  ]);
  const done = new Set(
    asked.flatMap((one) => /^accept ([\w ]+?)(?: in t\d)?$/.exec(one)?.[1]?.split(" ") ?? []),
  );
  const held = new Set(
    [...queuesOf(stage, node).values()].flatMap((queue) =>
      [...queue.inOrder()].map(({ op }) => bodyOf(stage, node, op)),
    ),
  );
  return sent.filter((body) => !done.has(body) && !held.has(body));
}
