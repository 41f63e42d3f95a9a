import type { BrokerError } from "../../engine/base/errors.ts";
import type { Command } from "../../engine/core/command.ts";
import type { SessionAnswer } from "../../engine/core/dialogue.ts";
import type { Effect, Input } from "../../engine/node/contract.ts";
import { replicationRules, type ReplicationMessage } from "../../engine/pair/message.ts";
import type { JournalEntry } from "../../engine/pair/entry.ts";
import type { SupervisorOrder } from "../../engine/supervisor/channel.ts";
import { ClassicWatch } from "./classic-watch.ts";
import type { NodeName, SimulatedHost } from "./host.ts";
import { firstLink, follows, linkOf } from "./link.ts";
import { violated } from "./rules.ts";
import type { World } from "./world.ts";

/**
 * Watches every run from outside. It knows each entry ever made, and so the whole tree of histories; what was
 * confirmed must stay one straight line in it, and lie on every disk whose node may still be given the right to serve.
 */
export class Oracle {
  readonly #world: World;
  /** Every entry by its digest: its parent and what it does. */
  readonly #entries = new Map<string, { readonly parent: string; readonly command: Command }>();
  /** History of each process, as links by op. */
  readonly #chains = new Map<SimulatedHost, string[]>();
  /** The line of all that was ever confirmed. */
  readonly #confirmed: string[] = [firstLink];
  /** Nodes whose stores were destroyed or replaced behind the pair's back: the book cannot know, and need not be right. */
  readonly destroyed = new Set<NodeName>();
  /** Nodes that were told that they may lack what clients know of, and not since that they are in sync. */
  readonly #behind = new Set<NodeName>();
  /** Judges instead where nodes decide alone. */
  readonly classic: ClassicWatch | null;
  entryCount = 0;
  answerCount = 0;
  #lastHolder: NodeName | null = null;

  constructor(world: World) {
    this.#world = world;
    this.classic = world.options.profile === "classic" ? new ClassicWatch(world) : null;
  }

  get confirmedThrough(): number {
    return this.#confirmed.length - 1;
  }

  /** A process has read its store, or cut it. */
  loaded(host: SimulatedHost): void {
    this.#chains.set(host, [...this.#world.disks[host.name].chain]);
    this.classic?.loaded(host);
    this.checkHolders(`the load of the ${host.name}'s store`);
  }

  foundDamage(node: NodeName, what: string): void {
    if (!this.#world.disks[node].isFlipped)
      violated("a sound store is never called damaged", `the ${node}'s, when it was checked: ${what}`);
  }

  /** A process ends because of its store: only where there is a reason for it. */
  failed(host: SimulatedHost, error: BrokerError): void {
    const disk = this.#world.disks[host.name];
    if (error.code === "STORE_DAMAGED" && !disk.isFlipped)
      violated("a sound store is never called damaged", `the ${host.name}: ${error.message}`);
    const isTroubled = disk.files.trouble !== "none" && this.#world.lies.trick !== "trouble is not noted";
    if (error.code === "STORE_UNWRITABLE" && !isTroubled)
      violated("a sound store is never called unwritable", `the ${host.name}: ${error.message}`);
    // It may have been told so with this very word, and could not write it down.
    if (!disk.isBehind) this.#behind.delete(host.name);
  }

  /** `links` are those of the entries, in the same order. */
  journalled(host: SimulatedHost, entries: readonly JournalEntry[], links: readonly string[]): void {
    const chain = this.#chains.get(host)!;
    for (const [index, { op, bytes, command }] of entries.entries()) {
      const parent = chain[op - 1];
      if (parent === undefined || op !== chain.length || !follows(bytes, parent))
        violated("ops without gaps", `the ${host.name} journals entry ${op} behind ${chain.length - 1}`);
      const link = links[index]!;
      chain.push(link);
      if (this.#entries.has(link)) continue;
      this.entryCount += 1;
      this.#entries.set(link, { parent, command });
    }
  }

  answered(host: SimulatedHost, answer: SessionAnswer): void {
    if (answer.kind === "close") return;
    this.answerCount += 1;
    this.#checkOptions(host);
    const { committed } = host.node!.history;
    const chain = this.#chains.get(host)!;
    if (this.classic !== null) return this.classic.answered(host, chain, committed);
    this.#checkSuperseded(host);
    const shared = Math.min(committed, this.confirmedThrough);
    if (chain[shared] !== this.#confirmed[shared])
      violated(
        "one history",
        `the ${host.name} answers at entry ${committed} of epoch ${host.node!.history.epoch}, and its entry ${shared} is not the one that was confirmed before`,
      );
    if (committed <= this.confirmedThrough) return;
    for (let op = this.confirmedThrough + 1; op <= committed; op += 1) this.#confirmed.push(chain[op]!);
    if (this.#world.disks[host.name].chainAt(committed) !== chain[committed])
      violated(
        "nothing is confirmed before it is safe",
        `entry ${committed} is not on the ${host.name}'s own disk`,
      );
    this.checkHolders(`an answer of the ${host.name}`);
  }

  /** What a node is told by the other. */
  heard(host: SimulatedHost, message: ReplicationMessage): void {
    if (!("epoch" in message) || message.epoch < host.node!.history.epoch) return;
    // Where the arbiter vouches for it nobody was told of anything that it lacks, even if its store must be replaced.
    const isVouchedFor = this.classic === null && this.#world.book.state.inSync.includes(host.name);
    const isReplaced = message.kind === "snapshot" && !isVouchedFor;
    if (isReplaced || (message.kind === "welcome" && message.lacks)) this.#behind.add(host.name);
    if (message.kind === "in-sync") this.#behind.delete(host.name);
  }

  /** A node serves from now on. In the classic profile a primary does whenever it is started. */
  activated(host: SimulatedHost): void {
    const isTakeover = this.classic === null || host.role === "replica";
    if (this.#behind.delete(host.name) && isTakeover)
      violated("a standby that is behind does not take over", `the ${host.name} serves`);
    this.classic?.activated(host);
  }

  /** A whole store that holds everything was put in the place of its own. */
  copied(from: NodeName, to: NodeName): void {
    this.#behind.delete(to);
    this.classic?.copied(from, to);
  }

  #checkSuperseded({ name, node }: SimulatedHost): void {
    const other = this.#world.hosts[name === "primary" ? "replica" : "primary"]?.node ?? null;
    const { epoch } = node!.history;
    if (other !== null && other.active !== null && other.history.epoch > epoch)
      violated(
        "a superseded node answers nobody",
        `the ${name} answers under epoch ${epoch}, and the other one serves under ${other.history.epoch}`,
      );
  }

  /** Every node that may be given the right to serve holds all that was confirmed, on its disk. */
  checkHolders(when: string): void {
    if (this.classic !== null) return;
    const { inSync } = this.#world.book.state;
    for (const node of inSync.filter((one) => !this.destroyed.has(one)))
      if (this.#world.disks[node].chainAt(this.confirmedThrough) !== this.#confirmed.at(-1))
        violated(
          "nothing confirmed is lost",
          `at ${when} the ${node} counts as in sync, and its disk (${this.#world.disks[node].headOp}) lacks the confirmed entry ${this.confirmedThrough}`,
        );
  }

  /** What the options say about a node that confirms alone. */
  #checkOptions(host: SimulatedHost): void {
    const { state } = host.node!;
    if (state.kind !== "active" || state.commits === "both") return;
    const { waitForReplica, shutdownOnReplicaFailure, shutdownOnPrimaryFailure } = this.#world.options;
    const isPrimary = host.role === "primary";
    const mustWait =
      (waitForReplica === "always" && (isPrimary || this.classic === null)) ||
      (waitForReplica && isPrimary && !host.hasMirrored);
    if (mustWait) violated("waitForReplica is kept", `the ${host.name} confirms alone`);
    if (shutdownOnReplicaFailure === true && host.wasPaired)
      violated("shutdownOnReplicaFailure is kept", `the ${host.name} lost its replica and confirms alone`);
    if (this.classic !== null && shutdownOnPrimaryFailure === true && !isPrimary && host.hasMirrored)
      violated("shutdownOnPrimaryFailure is kept", `the ${host.name} takes over from a failed primary`);
  }

  /** Whoever judges by the clock that the other node is lost has read all that it said. */
  caused(host: SimulatedHost, { kind: cause }: Input, { kind }: Effect): void {
    if (cause === "ticked" && (kind === "drop-peer" || kind === "ask-grant") && host.isUnread)
      violated("nobody is judged unheard", `the ${host.name} did not read first`);
  }

  /** After each input: who is open, is active. */
  stepped(host: SimulatedHost): void {
    const state = host.node?.state.kind;
    if (host.isOpen && state !== "active")
      violated("a standby opens no port", `the ${host.name} is ${state ?? "starting"}`);
  }

  /** A node is granted to be active. */
  granted(node: NodeName, hasFollowed: boolean): void {
    if (this.#world.options.shutdownOnPrimaryFailure === true && hasFollowed)
      violated("shutdownOnPrimaryFailure is kept", `the ${node} takes over from a failed primary`);
  }

  /** A replication message leaves: its row of the table allows it. */
  told(host: SimulatedHost, message: ReplicationMessage): void {
    const { sender, durableFirst } = replicationRules[message.kind];
    const state = host.node!.state.kind;
    const isAllowed =
      sender === "either" || (sender === "standby" ? state === "standby" : state !== "standby");
    if (!isAllowed) violated("replication rules", `a node that is ${state} says "${message.kind}"`);
    this.#checkByHand(host, message);
    if (durableFirst === "the word" && this.#world.disks[host.name].isBehind)
      violated(
        "replication rules",
        `the ${host.name} says "${message.kind}" before that is noted on its disk`,
      );
    if (durableFirst !== "through head" || !("head" in message)) return;
    if (this.#world.disks[host.name].chainAt(message.head) !== linkOf(message.digest))
      violated(
        "replication rules",
        `the ${host.name} says "${message.kind}" for entry ${message.head} before it is on its disk`,
      );
  }

  /** Without automatic synchronisation only a store that lacks nothing confirmed is let back in. */
  #checkByHand(host: SimulatedHost, message: ReplicationMessage): void {
    const { options, book } = this.#world;
    if (options.synchronisation !== "manual" || this.classic !== null) return;
    if (message.kind === "snapshot") violated("by hand means by hand", `the ${host.name} sends a snapshot`);
    const { epoch, head } = host.node!.history;
    if (message.kind !== "welcome" || epoch !== book.state.epoch || message.common === head.op) return;
    const other = host.name === "primary" ? "replica" : "primary";
    if (!book.state.inSync.includes(other))
      violated("by hand means by hand", `the ${other}, who lacks confirmed entries, is let catch up`);
  }

  ordered(order: SupervisorOrder): void {
    const { holder } = this.#world.book.state;
    if (order.kind !== "granted" || order.wish !== "active") return;
    if (this.#lastHolder !== null && this.#lastHolder !== holder) this.#world.counts.failovers += 1;
    this.#lastHolder = holder;
  }

  /** The commands of one node's history, first to last. */
  commandsOf(node: NodeName): Command[] {
    const commands: Command[] = [];
    let digest = this.#world.disks[node].chain.at(-1)!;
    for (let entry = this.#entries.get(digest); entry !== undefined; entry = this.#entries.get(digest)) {
      commands.push(entry.command);
      digest = entry.parent;
    }
    return commands.reverse();
  }
}
