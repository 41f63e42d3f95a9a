import type { DiskTrouble } from "./files.ts";
import type { NodeName } from "./host.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** Something bad that happens to the pair, as data, so that a schedule can be printed and cut down. */
export interface Fault {
  /** By which it is named when a schedule is played again with some of its faults. */
  readonly number: number;
  readonly at: number;
  readonly kind:
    | "kill active"
    | "kill standby"
    | "kill primary"
    | "kill replica"
    | "kill both"
    | "kill all"
    | "freeze active"
    | "freeze standby"
    | "freeze both"
    | "stall active"
    | "stall standby"
    | "cut link"
    | "mute link"
    | "slow link"
    | "kill supervisor"
    | "stop active"
    | "switch over"
    | "recover"
    | "power active"
    | "power standby"
    | "power all"
    | "disk full"
    | "disk writes fail"
    | "disk syncs fail"
    | "flip a bit"
    | "mute to primary"
    | "mute to replica"
    | "cut clients"
    | "clock jumps";
  readonly lastsMs: number;
}

const kinds: readonly Fault["kind"][] = [
  "kill active",
  "kill active",
  "kill standby",
  "kill primary",
  "kill replica",
  "kill both",
  "kill all",
  "freeze active",
  "freeze active",
  "freeze standby",
  "freeze both",
  "stall active",
  "stall active",
  "stall standby",
  "cut link",
  "cut link",
  "mute link",
  "slow link",
  "kill supervisor",
  "stop active",
  "switch over",
  "switch over",
  "recover",
  "recover",
  "power active",
  "power standby",
  "power all",
  "power all",
  "disk full",
  "disk writes fail",
  "disk syncs fail",
  "flip a bit",
  "mute to primary",
  "mute to replica",
  "cut clients",
  "clock jumps",
];

/** Faults in bursts: single ones, far apart, find little. */
export function makeFaults(random: Random, throughMs: number): Fault[] {
  const faults: Omit<Fault, "number">[] = [];
  for (let at = random.between(100, 800); at < throughMs; at += random.between(100, 1_500))
    for (let count = 1 + random.below(4); count > 0; count -= 1) {
      const kind = random.pick(kinds);
      const lastsMs = random.chance(0.5) ? random.between(1, 150) : random.between(100, 1_800);
      faults.push({ at: at + random.between(0, 60), kind, lastsMs });
    }
  return faults
    .sort((one, other) => one.at - other.at)
    .map((fault, index) => ({ ...fault, number: index + 1 }));
}

/** Makes it happen now, and undoes it after its time. */
export function strike(world: World, { kind, lastsMs }: Fault): void {
  const active = world.book.state.holder ?? "primary";
  const standby = active === "primary" ? "replica" : "primary";
  switch (kind) {
    case "kill active":
      return kill(world, active, lastsMs);
    case "kill standby":
      return kill(world, standby, lastsMs);
    case "kill primary":
      return kill(world, "primary", lastsMs);
    case "kill replica":
      return kill(world, "replica", lastsMs);
    case "kill both":
      kill(world, "primary", lastsMs);
      return kill(world, "replica", lastsMs / 2);
    case "kill all":
      world.killSupervisor();
      world.kill("primary");
      world.kill("replica");
      return superviseAgain(world, lastsMs);
    case "kill supervisor":
      world.killSupervisor();
      return superviseAgain(world, lastsMs);
    case "freeze active":
      return freeze(world, active, lastsMs);
    case "freeze standby":
      return freeze(world, standby, lastsMs);
    case "freeze both":
      freeze(world, active, lastsMs);
      return freeze(world, standby, lastsMs / 2);
    case "stall active":
      return stall(world, active, lastsMs);
    case "stall standby":
      return stall(world, standby, lastsMs);
    case "power active":
      return losePower(world, active, lastsMs);
    case "power standby":
      return losePower(world, standby, lastsMs);
    case "power all":
      world.killSupervisor();
      world.losePower("primary");
      world.losePower("replica");
      return superviseAgain(world, lastsMs);
    case "disk full":
    case "disk writes fail":
    case "disk syncs fail":
      return troubleDisk(world, world.random.chance(0.6) ? active : standby, troubles[kind], lastsMs);
    case "flip a bit":
      return flipBit(world, world.random.chance(0.5) ? active : standby);
    case "cut clients":
      return world.hosts[active]?.cutClients();
    case "clock jumps":
      world.clockJumps[world.random.chance(0.5) ? active : standby] += world.random.pick([-1, 1]) * 3_600_000;
      return;
    case "cut link":
    case "mute link":
    case "mute to primary":
    case "mute to replica":
      world.network.set(kind === "cut link" ? "cut" : kind === "mute link" ? "mute" : kind);
      world.clock.after(lastsMs, () => world.network.set("healthy"));
      return;
    case "slow link":
      world.network.slow(lastsMs / 10);
      world.clock.after(lastsMs, () => world.network.slow(0));
      return;
    case "stop active":
      world.hosts[active]?.take({ kind: "stop", pair: false });
      world.clock.after(lastsMs, () => world.supervisor?.start(active));
      return;
    case "switch over":
      return world.supervisor?.tell({ kind: "promote", node: standby });
    case "recover":
      return recoverIfNeeded(world);
  }
}

/** The user's recovery copy, when a node cannot come back by itself. */
export function recoverIfNeeded(world: World): void {
  const { supervisor } = world;
  if (supervisor === null || supervisor.isRecovering) return;
  const isOut = (["primary", "replica"] as const).some(
    (node) =>
      supervisor.facts(node).barred ||
      !supervisor.state.inSync.includes(node) ||
      // Its process ended because of it, or would.
      (world.hosts[node] === null && world.disks[node].isFlipped),
  );
  if (!isOut) return;
  world.counts.recoveries += 1;
  supervisor.recover();
}

function kill(world: World, node: NodeName, backAfterMs: number): void {
  world.kill(node);
  world.clock.after(backAfterMs, () => {
    if (world.supervisor?.isRecovering === false) world.supervisor.start(node);
  });
}

const troubles = {
  "disk full": "full",
  "disk writes fail": "failing writes",
  "disk syncs fail": "failing syncs",
} as const;

function losePower(world: World, node: NodeName, backAfterMs: number): void {
  kill(world, node, backAfterMs);
  world.disks[node].losePower();
}

/** The disk of a node is full or broken for a while; the process ends, and is started again when there is hope. */
function troubleDisk(world: World, node: NodeName, trouble: DiskTrouble, lastsMs: number): void {
  const { files } = world.disks[node];
  files.trouble = trouble;
  world.clock.after(lastsMs, () => {
    files.trouble = "none";
    if (world.supervisor?.isRecovering === false) world.supervisor.start(node);
  });
}

/** Only while another store has everything too: no program makes good what is lost for ever. */
function flipBit(world: World, node: NodeName): void {
  const { primary, replica } = world.disks;
  if (world.book.state.inSync.length < 2 || primary.isFlipped || replica.isFlipped) return;
  world.disks[node].flipBit();
  if (world.lies.trick === "a flipped bit is not noted") world.disks[node].isFlipped = false;
}

function freeze(world: World, node: NodeName, lastsMs: number): void {
  const host = world.hosts[node];
  if (host === null || host.isFrozen) return;
  host.freeze();
  world.clock.after(lastsMs, () => host.thaw());
}

/** Stands still for about as long as the other node has patience: what that one says meanwhile waits to be read. */
function stall(world: World, node: NodeName, lastsMs: number): void {
  freeze(world, node, world.options.peerTimeoutMs * (0.6 + lastsMs / 3_000));
}

function superviseAgain(world: World, afterMs: number): void {
  world.clock.after(afterMs, () => {
    if (world.supervisor === null && !world.startSupervisor()) superviseAgain(world, 20);
  });
}
