import { asEpoch, asOp } from "../../engine/base/units.ts";
import { emptyDigest } from "../../engine/base/checksum.ts";
import { replicationVersion, type ReplicationMessage } from "../../engine/pair/message.ts";
import { SimulatedDisk } from "../world/disk.ts";
import type { NodeName } from "../world/host.ts";
import type { Stage } from "./stage.ts";
import { messageWords } from "./words.ts";
import { plainWishes } from "../../engine/core/dialogue.ts";

type Action = (stage: Stage, ...words: string[]) => void;

/** What a line of a story may say, and what is done then. */
export const actions: readonly (readonly [RegExp, Action])[] = [
  [/^(?:pair|a protected pair)(?:, (.+))?$/, (stage, options = "") => stage.pair(options)],
  [
    /^client (\w+)(?: (plain|with heart-beats))?$/,
    (stage, name = "", kind = "failover") =>
      stage.connect(name, kind === "with heart-beats" ? "heart-beats" : kind),
  ],
  [
    /^(\w+) sends ([\w ]+?)(?: to (queue|topic) ([\w.]+))?(?: in (t\d))?( unpersisted| to last 100 ms)?$/,
    (stage, name = "", bodies = "", kind = "queue", queue = "orders", transaction = "", how = "") => {
      const changes = {
        ...(how === " unpersisted" && { persistent: false }),
        ...(how === " to last 100 ms" && {
          expiresAt: (1_700_000_000_100 + stage.world.clock.now) as never,
        }),
      };
      for (const body of bodies.split(" "))
        stage
          .client(name)
          .send(
            body,
            { kind: kind as "queue" | "topic", name: queue },
            changes,
            transaction === "" ? null : transaction,
          );
    },
  ],
  [
    /^(\w+) subscribes(?: to (queue|topic) ([\w.]+))?( durably)?(?:, (\d+) at a time)?$/,
    (stage, name = "", kind = "queue", destination = "orders", durably = "", prefetch = "10") =>
      stage.client(name).subscribe({
        subscription: `${name}-${destination}`,
        destination: { kind: kind as "queue" | "topic", name: destination },
        ackMode: "client-individual",
        prefetchCount: Number(prefetch),
        ...plainWishes,
        durable: durably === "" ? null : { clientId: name, name: destination },
      }),
  ],
  [
    /^(\w+) (accepts|rejects) ([\w ]+?)(?: in (t\d))?$/,
    (stage, name = "", how = "", messages = "", transaction = "") =>
      stage
        .client(name)
        .settle(
          messages.split(" "),
          how === "accepts" ? "accepted" : "rejected",
          transaction === "" ? null : transaction,
        ),
  ],
  [/^(\w+) begins (t\d)$/, (stage, name = "", what = "") => stage.client(name).transact("begin", what)],
  [/^(\w+) commits (t\d)$/, (stage, name = "", what = "") => stage.client(name).transact("commit", what)],
  [
    /^(\w+) rolls back (t\d)$/,
    (stage, name = "", what = "") => stage.client(name).transact("rollback", what),
  ],
  [
    /^(\w+) purges queue (\w+)$/,
    (stage, name = "", queue = "") =>
      stage
        .client(name)
        .ask({ kind: "purge", destination: { kind: "queue", name: queue } }, `purge queue ${queue}`),
  ],
  [
    /^(\w+) makes temporary queue (\w+)$/,
    (stage, name = "", queue = "") =>
      stage
        .client(name)
        .ask(
          { kind: "create-temporary", destination: { kind: "temp-queue", name: queue } },
          `make temporary queue ${queue}`,
        ),
  ],
  [/^(\w+) (?:leaves|dies)$/, (stage, name = "") => stage.client(name).leave()],
  [/^kill the supervisor$/, (stage) => stage.killSupervisor()],
  [/^kill both$/, (stage) => (["primary", "replica"] as const).forEach((node) => stage.kill(node))],
  [
    /^kill everything$/,
    (stage) => {
      stage.killSupervisor();
      for (const node of ["primary", "replica"] as const) stage.kill(node);
    },
  ],
  [
    /^start everything$/,
    (stage) => {
      stage.recovery.settle();
      if (!stage.world.startSupervisor()) throw new Error("something runs still");
    },
  ],
  [/^kill the (primary|replica)$/, (stage, node) => stage.kill(node as NodeName)],
  [/^start the (primary|replica)$/, (stage, node) => stage.world.supervisor?.start(node as NodeName)],
  [
    /^stop the (primary|replica)$/,
    (stage, node) => {
      stage.world.supervisor?.tell({ kind: "stopping", node: node as NodeName });
      stage.world.hosts[node as NodeName]?.take({ kind: "stop", pair: false });
    },
  ],
  [/^freeze the (primary|replica)$/, (stage, node) => stage.world.hosts[node as NodeName]?.freeze()],
  [/^thaw the (primary|replica)$/, (stage, node) => stage.world.hosts[node as NodeName]?.thaw()],
  [
    /^(cut|mute|heal) the link$/,
    (stage, how) => stage.world.network.set(how === "heal" ? "healthy" : (how as "cut")),
  ],
  [
    /^mute the link to the (primary|replica)$/,
    (stage, node) => stage.world.network.set(`mute to ${node as NodeName}`),
  ],
  [
    /^switch to the (primary|replica)$/,
    (stage, node) => stage.world.supervisor?.tell({ kind: "promote", node: node as NodeName }),
  ],
  [/^wait (\d+) ms$/, (stage, ms) => stage.pass(Number(ms))],
  [/^a bit flips in the next append$/, (stage) => garbleNext(stage)],
  [
    /^the (primary|replica) is given an empty store$/,
    (stage, node) => {
      stage.world.oracle.destroyed.add(node as NodeName);
      stage.world.oracle.classic?.replaced(node as NodeName);
      stage.world.disks[node as NodeName].copyFrom(new SimulatedDisk(stage.world.clock));
    },
  ],
  [
    /^the (primary|replica) is given another pair's store$/,
    (stage, node) =>
      stage.world.disks[node as NodeName].saveTerm({
        epoch: asEpoch(1),
        pairId: "the pair of somebody else",
        isBehind: false,
      }),
  ],
  [
    /^a stranger knocks at the (primary|replica)(?: (.+))?$/,
    (stage, node, how = "") => knock(stage, node as NodeName, how),
  ],
];

/** The machine is at fault, not the program: one byte of the next entry that goes over the link is another one. */
function garbleNext({ world }: Stage): void {
  const { network } = world;
  network.garble = (message) => {
    if (message.kind !== "append" || message.entries.length === 0) return message;
    network.garble = (honest) => honest;
    const entries = message.entries.map((bytes) => Uint8Array.from(bytes));
    const last = entries.at(-1)!;
    const body = Buffer.from(last).lastIndexOf("m");
    last[body] = last[body]! ^ 1;
    return { ...message, entries };
  };
}

/** Another replica, which knows the pair's name and has nothing. */
function knock(stage: Stage, node: NodeName, how: string): void {
  const end = {
    said: (message: ReplicationMessage): void =>
      stage.say("stranger", messageWords(node, "hears", message, stage.names)),
    lost: (): void => stage.say("stranger", "loses the link"),
  };
  const hello = {
    kind: "hello",
    version: replicationVersion,
    pairId: stage.world.book.state.pairId,
    node: "stranger",
    instance: "stranger",
    epoch: asEpoch(0),
    head: asOp(0),
    digest: emptyDigest,
    userName: null,
    password: null,
  } as const;
  const changes = {
    "": {},
    "of another pair": { pairId: "the pair of somebody else" },
    "in another version": { version: 99 },
    "with the right password": { password: "sesame" },
  }[how];
  if (changes === undefined) throw new Error(`a stranger cannot knock "${how}"`);
  stage.world.hosts[node]!.peers.accept(end).tell(0, { ...hello, ...changes });
}
