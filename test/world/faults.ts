import type { NodeName } from "./host.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** Something bad that happens to the pair, as data, so that a schedule can be printed and cut down. */
export interface Fault {
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
    | "cut link"
    | "mute link"
    | "slow link"
    | "kill supervisor"
    | "stop active"
    | "switch over"
    | "recover";
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
];

/** Faults in bursts: single ones, far apart, find little. */
export function makeFaults(random: Random, throughMs: number): Fault[] {
  const faults: Fault[] = [];
  for (let at = random.between(100, 800); at < throughMs; at += random.between(100, 1_500))
    for (let count = 1 + random.below(4); count > 0; count -= 1) {
      const kind = random.pick(kinds);
      const lastsMs = random.chance(0.5) ? random.between(1, 150) : random.between(100, 1_800);
      faults.push({ at: at + random.between(0, 60), kind, lastsMs });
    }
  return faults.sort((one, other) => one.at - other.at);
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
    case "cut link":
    case "mute link":
      world.network.set(kind === "cut link" ? "cut" : "mute");
      world.clock.after(lastsMs, () => world.network.set("healthy"));
      return;
    case "slow link":
      world.network.delayMs = lastsMs / 10;
      world.clock.after(lastsMs, () => (world.network.delayMs = 0));
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
    (node) => supervisor.facts(node).barred || !supervisor.state.inSync.includes(node),
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

function freeze(world: World, node: NodeName, lastsMs: number): void {
  const host = world.hosts[node];
  if (host === null || host.isFrozen) return;
  host.freeze();
  world.clock.after(lastsMs, () => host.thaw());
}

function superviseAgain(world: World, afterMs: number): void {
  world.clock.after(afterMs, () => {
    if (world.supervisor === null && !world.startSupervisor()) superviseAgain(world, 20);
  });
}
