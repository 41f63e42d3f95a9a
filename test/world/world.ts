import type { EndReason } from "../../engine/node/contract.ts";
import { Clock } from "./clock.ts";
import { SimulatedDisk } from "./disk.ts";
import type { NodeName, SimulatedHost } from "./host.ts";
import { obeyed, type HostLies } from "./host-lies.ts";
import { Network } from "./network.ts";
import { Oracle } from "./oracle.ts";
import { Random } from "./random.ts";
import { Book, SimulatedSupervisor, type SupervisorLies } from "./supervisor.ts";
import type { Transcript } from "./transcript.ts";

/** What differs from one schedule to the next besides its faults. */
export interface WorldOptions {
  readonly synchronisation: "manual" | "automatic";
  readonly waitForReplica: boolean | "always";
  readonly peerTimeoutMs: number;
  readonly diskMs: number;
  readonly startMs: number;
  /** The longest that a message between the nodes takes while nothing is wrong; 1, unless said otherwise. */
  readonly linkMs?: number;
  /** Of taking a checkpoint at the end of a turn. */
  readonly checkpointChance: number;
  /** Entries that a journal keeps beyond what a restart needs, more or less. */
  readonly tailCount: number;
  /** How long clients rest between two messages, more or less. */
  readonly paceMs?: number;
  /** A file of a journal is finished at this size. */
  readonly segmentBytes?: number;
  /** So much of it stands behind a message before its content moves to the database; as much, unless said otherwise. */
  readonly lateBytes?: number;
  /** Guarded, unless said otherwise. In the classic profile two may serve at once: see {@link ClassicWatch}. */
  readonly profile?: "guarded" | "classic";
  /** How long a classic replica waits for a primary that it never reached; as in the engine, unless said otherwise. */
  readonly firstContactMs?: number;
  readonly shutdownOnPrimaryFailure?: boolean;
  readonly shutdownOnReplicaFailure?: boolean;
  /** What a replica must say to be let in, and what this one says. */
  readonly passwords?: { readonly wanted: string; readonly said: string };
}

/** Every switch is a lie that the real boundary must never tell; see `test/sim/sabotages.ts`. */
export interface Lies extends HostLies, SupervisorLies {
  /** What the disk said was durable is not: so many entries are gone after a kill. */
  readonly lostEntries: number;
  /** One node's state is changed behind the back of the other. */
  readonly changesState: boolean;
}

export const honest: Lies = {
  trick: "none",
  journalledEarly: "nobody",
  ignoresDenials: false,
  forgetsDeliveries: false,
  leavesStandbyEligible: false,
  believesStalePairing: false,
  forgetsBook: false,
  lostEntries: 0,
  requests: "whole",
  forgetsClosed: false,
  changesState: false,
};

/** Clock, chance, disks, network, supervisor and both processes: everything that the engine is told comes from here. */
export class World {
  readonly clock = new Clock();
  readonly random: Random;
  readonly network: Network;
  readonly disks: Readonly<Record<NodeName, SimulatedDisk>>;
  readonly hosts: Record<NodeName, SimulatedHost | null> = { primary: null, replica: null };
  readonly oracle: Oracle;
  readonly options: WorldOptions;
  /** What nodes and arbiter are told of {@link options}. */
  readonly obeyed: WorldOptions;
  readonly lies: Lies;
  /** By how much each machine's wall clock was set forward. */
  readonly clockJumps: Record<NodeName, number> = { primary: 0, replica: 0 };
  /** The only store that holds everything is damaged: found and named, and there is no way on. */
  isBeyondRepair = false;
  readonly counts = { kills: 0, failovers: 0, recoveries: 0, starts: 0 };
  book = new Book();
  supervisor: SimulatedSupervisor | null = null;
  transcript: Transcript | null = null;

  constructor(seed: number | Random, options: WorldOptions, lies: Lies = honest) {
    this.random = typeof seed === "number" ? new Random(seed) : seed;
    this.options = options;
    this.obeyed = obeyed(options, lies.trick);
    this.lies = lies;
    this.network = new Network(this.clock, this.random.fork(), options.linkMs);
    this.disks = { primary: this.#disk(0), replica: this.#disk(1) };
    this.oracle = new Oracle(this);
    this.network.onTrouble = (what) => this.oracle.classic?.excuse(what);
  }

  nextInstance(node: NodeName): string {
    this.counts.starts += 1;
    return `${node} ${this.counts.starts}`;
  }

  /** Starts a supervisor, unless the brokers of an earlier one still run: their ports and stores are taken. */
  startSupervisor(): boolean {
    if (this.supervisor !== null || this.hosts.primary !== null || this.hosts.replica !== null) return false;
    if (this.lies.forgetsBook) this.book = new Book();
    this.supervisor = new SimulatedSupervisor(this);
    this.supervisor.startBoth();
    return true;
  }

  /** `kill -9` of the supervisor: its brokers see the channel close and stop in order, unless they are killed as well. */
  killSupervisor(): void {
    this.supervisor?.die();
    this.supervisor = null;
    for (const host of Object.values(this.hosts))
      this.clock.after(this.random.between(0.1, 2), () => host?.take({ kind: "stop", pair: true }));
  }

  kill(node: NodeName): void {
    const host = this.hosts[node];
    if (host === null) return;
    this.counts.kills += 1;
    host.kill();
    this.disks[node].dropProcess();
    this.disks[node].forget(this.lies.lostEntries);
    this.hosts[node] = null;
    this.supervisor?.exited(node, "failed");
  }

  /** The machine that a node runs on stops dead, and comes back with what its disk had. */
  losePower(node: NodeName): void {
    this.kill(node);
    this.disks[node].losePower();
  }

  /** The process ends by its own word. */
  ended(host: SimulatedHost, reason: EndReason): void {
    if (this.hosts[host.name] !== host) return;
    host.kill();
    this.#closeDisk(this.disks[host.name]);
    this.hosts[host.name] = null;
    this.supervisor?.exited(host.name, reason === "stopped" ? "ordered" : "failed");
  }

  #closeDisk(disk: SimulatedDisk): void {
    try {
      disk.close();
    } catch (error) {
      // A disk that cannot sync at the end leaves what a kill would leave.
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      disk.dropProcess();
    }
  }

  #disk(stream: number): SimulatedDisk {
    const random = this.random.fork();
    const { segmentBytes = 2_048, lateBytes = segmentBytes, tailCount } = this.options;
    const disk = new SimulatedDisk(
      this.clock,
      { segmentBytes, tailBytes: tailCount * 150, lateBytes },
      random.split(stream),
    );
    // Mostly quick, now and then as slow as a busy disk.
    disk.files.latencyMs = () =>
      random.chance(0.03) ? random.between(5, 60) : random.between(0.1, this.options.diskMs);
    disk.files.pace = { ...disk.files.pace, isQuick: () => random.chance(0.3) };
    return disk;
  }
}
