import { BrokerError } from "../../engine/base/errors.ts";
import type { Broker } from "../../engine/core/broker.ts";
import type { SimulatedDisk } from "../world/disk.ts";
import { makeFaults, recoverIfNeeded, strike, type Fault } from "../world/faults.ts";
import { fingerprint } from "../world/fingerprint.ts";
import { Ledger } from "../world/ledger.ts";
import { violated } from "../world/rules.ts";
import { employ } from "../world/staff.ts";
import { Random } from "../world/random.ts";
import { honest, World, type Lies, type WorldOptions } from "../world/world.ts";

/** What one run did, for the line that is printed at the end. */
export interface Outcome {
  readonly faults: number;
  readonly entries: number;
  readonly kills: number;
  readonly failovers: number;
  readonly recoveries: number;
  readonly confirmed: number;
  /** Histories that parted, and confirmed messages that went with one side of them: the classic profile's alone. */
  readonly forks: number;
  readonly lost: number;
  readonly failure: string | null;
}

export interface Plan {
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly options: WorldOptions;
}

const troubleMs = 2_500;
/** Of so many schedules one is of the classic profile. */
const classicEvery = 5;
/** As long as clients and nodes may take to be done once everything works again. */
const healingMs = 120_000;

/** All that a seed decides before the first moment. */
export function planOf(seed: number): Plan {
  const random = new Random(seed ^ 0x5eed);
  const options: WorldOptions = {
    synchronisation: random.chance(0.5) ? "automatic" : "manual",
    waitForReplica: random.chance(0.7) ? false : random.chance(0.5) ? true : "always",
    peerTimeoutMs: random.between(150, 700),
    diskMs: random.pick([0.3, 2, 8]),
    startMs: random.pick([5, 60]),
    checkpointChance: random.pick([0, 0.02, 0.3]),
    tailCount: random.pick([0, 50]),
    segmentBytes: random.pick([1_000, 8_000, 100_000]),
    paceMs: random.pick([150, 400, 1_000]),
    shutdownOnPrimaryFailure: random.chance(0.1),
    shutdownOnReplicaFailure: random.chance(0.1),
    profile: seed % classicEvery === 0 ? "classic" : "guarded",
    linkMs: seed % 4 === 1 ? 25 : 1,
    firstContactMs: seed % (2 * classicEvery) === 0 ? 400 : 5_000,
  };
  return { seed, options, faults: makeFaults(random, troubleMs) };
}

/** Runs one schedule; whatever goes wrong is in `failure`. */
export function runPlan(plan: Plan, lies: Partial<Lies> = {}): Outcome {
  const world = new World(plan.seed, plan.options, { ...honest, ...lies });
  const { classic } = world.oracle;
  const ledger = new Ledger(() => classic?.hasForked === true);
  let failure: string | null = null;
  try {
    play(world, ledger, plan);
  } catch (error) {
    const { name, message, stack } = error as Error;
    failure =
      name === "Violation"
        ? `at ${world.clock.now.toFixed(1)} ms: ${message}`
        : `at ${world.clock.now.toFixed(1)} ms: ${stack ?? message}`;
  }
  const { kills, failovers, recoveries } = world.counts;
  return {
    entries: world.oracle.entryCount,
    faults: plan.faults.length,
    kills,
    failovers,
    recoveries,
    confirmed: ledger.confirmedCount,
    forks: classic?.hasForked === true ? 1 : 0,
    lost: ledger.lostCount,
    failure,
  };
}

function play(world: World, ledger: Ledger, plan: Plan): void {
  world.startSupervisor();
  const { producers, consumers, closeShop } = employ(world, ledger);
  for (const fault of plan.faults) world.clock.at(fault.at, () => strike(world, fault));
  world.clock.run(troubleMs);
  closeShop();
  for (const consumer of consumers) consumer.hurry();
  heal(world, () => producers.every((producer) => producer.isDone) && isDrained(world));
  if (world.isBeyondRepair) return;
  for (const consumer of consumers) consumer.stop();
  world.clock.run(world.clock.now + 500);
  compareNodes(world);
  ledger.audit(world.oracle.commandsOf("primary"));
}

/** Everything works again, and whatever can be started or recovered is. */
function heal(world: World, isDone: () => boolean): void {
  const until = world.clock.now + healingMs;
  world.clock.run(world.clock.now + 300);
  world.network.set("healthy");
  world.network.delayMs = 0;
  for (const disk of Object.values(world.disks)) disk.files.trouble = "none";
  while (world.clock.now < until && !world.isBeyondRepair) {
    for (const host of Object.values(world.hosts)) if (host?.isFrozen === true) host.thaw();
    if (world.supervisor === null) world.startSupervisor();
    if (world.supervisor?.isRecovering === false) {
      for (const node of ["primary", "replica"] as const)
        if (world.hosts[node] === null) world.supervisor.start(node);
      world.clock.run(world.clock.now + 500);
      world.oracle.classic?.checkReported();
      if (!isWhole(world)) recoverIfNeeded(world);
    }
    world.clock.run(world.clock.now + 500);
    if (isWhole(world) && isDone()) return;
  }
  if (world.isBeyondRepair) return;
  if (!isWhole(world)) violated("the pair heals", `after ${healingMs} ms: ${situation(world)}`);
  violated("nothing is stranded", `after ${healingMs} ms: ${queuesOf(world)}`);
}

function isWhole(world: World): boolean {
  const { inSync, holder } = world.book.state;
  const active = holder === null ? null : (world.hosts[holder]?.node?.active ?? null);
  return (
    inSync.length === 2 &&
    active !== null &&
    active.isAttached &&
    !active.isSeeking &&
    active.lagEntries === 0
  );
}

function isDrained(world: World): boolean {
  const { holder } = world.book.state;
  const { history } = world.hosts[holder!]!.node!;
  // Replies on a temporary queue wait for whoever asked, who may have gone on without them.
  const waiting = [...history.broker.queues.values()].some(
    (queue) => queue.depth > 0 && !queue.key.startsWith("temp-"),
  );
  const isWaiting = waiting || history.broker.schedule.size > 0;
  return !isWaiting && history.committed === history.head.op;
}

/** Both hold the same, in memory and after a restart. */
function compareNodes(world: World): void {
  const { primary, replica } = world.hosts;
  const one = primary?.node?.history;
  const other = replica?.node?.history;
  if (one === undefined || other === undefined) return violated("the pair heals", situation(world));
  if (world.lies.changesState) other.broker.nextPosition += 1;
  if (world.lies.trick === "one node forgets its last entry") world.disks.replica.forget(1);
  const chain = world.disks.primary.chain;
  if (chain.length !== world.disks.replica.chain.length || chain.at(-1) !== world.disks.replica.chain.at(-1))
    violated("equal histories after healing", `${one.head.op} and ${other.head.op}`);
  const brokers = {
    primary: one.broker,
    replica: other.broker,
    "primary's disk": afterRestart(world.disks.primary),
    "replica's disk": afterRestart(world.disks.replica),
  };
  const expected = fingerprint(one.broker);
  for (const [name, broker] of Object.entries(brokers)) {
    const text = broker === null ? expected : fingerprint(broker);
    if (text !== expected) violated("equal states after healing", `${name}\n${expected}\n${text}`);
  }
}

/** What a restart would find; `null` for a disk with a flipped bit that nobody has read yet, and that would be named. */
function afterRestart(disk: SimulatedDisk): Broker | null {
  try {
    return disk.load().broker;
  } catch (error) {
    if (disk.isFlipped && error instanceof BrokerError && error.code === "STORE_DAMAGED") return null;
    throw error;
  }
}

function situation(world: World): string {
  const nodes = (["primary", "replica"] as const).map((node) => {
    const host = world.hosts[node];
    const running = host?.node ?? null;
    if (running === null) return `${node} has no process`;
    const { history, state, reason } = running;
    return `${node} ${JSON.stringify(state)} epoch ${history.epoch} head ${history.head.op} durable ${history.durable} committed ${history.committed} ${reason ?? ""}`;
  });
  return `${nodes.join("; ")}; book ${JSON.stringify(world.book.state)}`;
}

function queuesOf(world: World): string {
  const { holder } = world.book.state;
  const node = world.hosts[holder!]!.node!;
  return [...node.history.broker.queues.values()]
    .map(
      (queue) =>
        `${queue.key} ${queue.depth} (${[...queue.delivered.values()].map(({ owner }) => owner).join()}, ${node.active?.desk.dispatcher.consumerCount(queue) ?? 0} consumers)`,
    )
    .join("; ");
}
