import type { NodeName, SimulatedHost } from "./host.ts";
import { firstLink } from "./link.ts";
import { violated } from "./rules.ts";
import type { World } from "./world.ts";

/** The last entry that a node's own word, or the other's with it, made safe on this node's disk. */
interface Kept {
  readonly op: number;
  readonly link: string;
}

const nobodyKeeps: Kept = { op: 0, link: firstLink };

/**
 * What holds in the classic profile, where nodes decide alone. Histories may part only where the original's would have:
 * after a fault of the link, a freeze, or when a node serves on a stale store and could not know that it is. Even then no node ever loses what it
 * confirmed itself, until its user copies the other store over it.
 */
export class ClassicWatch {
  readonly #world: World;
  readonly #kept: Record<NodeName, Kept> = { primary: nobodyKeeps, replica: nobodyKeeps };
  /** Everything that was confirmed while it was one line. */
  readonly #line: string[] = [firstLink];
  /** Why histories may part from now on. */
  #excuse: string | null = null;
  /** What was confirmed is no longer one line. */
  hasForked = false;
  /** Histories have parted, and no recovery copy has made them one since. */
  isForked = false;

  constructor(world: World) {
    this.#world = world;
  }

  excuse(what: string): void {
    this.#excuse ??= what;
  }

  loaded({ name }: SimulatedHost): void {
    const { chain } = this.#world.disks[name];
    const { op, link } = this.#kept[name];
    if (chain[op] !== link)
      violated(
        "nothing confirmed is lost",
        `the ${name} confirmed entry ${op}, and its disk (${chain.length - 1}) lacks it`,
      );
  }

  /**
   * It serves from now on. Nobody can tell it that its store is stale before it has followed the other one; and two
   * processes that never met do not know of each other, such as a replica that takes over and a primary that was
   * started again meanwhile.
   */
  activated({ name, hasMirrored }: SimulatedHost): void {
    const { chain } = this.#world.disks[name];
    const other = this.#world.hosts[name === "primary" ? "replica" : "primary"];
    if (other?.isOpen === true && !(hasMirrored && other.hasMirrored))
      this.excuse(`the ${other.name} serves already, and they never met`);
    if (!hasMirrored && chain[this.#line.length - 1] !== this.#line.at(-1))
      this.excuse(`the ${name}'s store is stale`);
  }

  /** A node confirms all of `chain` up to `committed`. */
  answered({ name, node }: SimulatedHost, chain: readonly string[], committed: number): void {
    const { active, history } = node!;
    this.#keep(name, name, chain, committed);
    if (active?.isAttached === true) {
      const acknowledged = history.head.op - active.lagEntries;
      this.#keep(name === "primary" ? "replica" : "primary", name, chain, Math.min(committed, acknowledged));
    }
    this.#extendLine(name, chain, committed);
  }

  /** The user has copied one store over the other. */
  copied(from: NodeName, to: NodeName): void {
    this.#kept[to] = this.#kept[from];
    const { chain } = this.#world.disks[from];
    const isWhole = !this.isForked && chain[this.#line.length - 1] === this.#line.at(-1);
    const { mode, delayMs } = this.#world.network;
    const { op } = this.#kept[from];
    this.isForked = false;
    this.#line.splice(0, Infinity, ...chain.slice(0, op + 1));
    if (!isWhole) this.#lose(from);
    // From here on it is a sound pair again.
    if (mode === "healthy" && delayMs === 0) this.#excuse = null;
  }

  /** A store was put in a node's place by hand. */
  replaced(node: NodeName): void {
    this.#kept[node] = nobodyKeeps;
    this.excuse(`the ${node}'s store was replaced`);
  }

  /** What only the other store had is lost, by the user's choice. */
  #lose(from: NodeName): void {
    if (this.#excuse === null)
      violated("nothing confirmed is lost", `the ${from}'s store, which is copied, lacks some of it`);
    this.hasForked = true;
  }

  /** To be called when all is calm: whoever looks at the pair sees that its histories have parted. */
  checkReported(): void {
    if (this.isForked && this.#world.book.state.inSync.length === 2)
      violated("a split is reported", "the histories have parted, and both nodes count as in sync");
  }

  #keep(name: NodeName, by: NodeName, chain: readonly string[], committed: number): void {
    const link = chain[committed]!;
    if (committed < this.#kept[name].op) return;
    if (this.#world.disks[name].chainAt(committed) !== link)
      violated(
        "nothing is confirmed before it is safe",
        `the ${by} confirms entry ${committed}, which is not on the ${name}'s disk`,
      );
    this.#kept[name] = { op: committed, link };
  }

  #extendLine(name: NodeName, chain: readonly string[], committed: number): void {
    const through = this.#line.length - 1;
    const shared = Math.min(committed, through);
    const isOnLine = !this.isForked && chain[shared] === this.#line[shared];
    if (isOnLine && committed >= through) {
      for (let op = through + 1; op <= committed; op += 1) this.#line.push(chain[op]!);
      return;
    }
    if (this.#excuse === null)
      violated(
        "one history",
        `the ${name} answers at entry ${committed}, and its entry ${shared} is not the one confirmed before, or not the last`,
      );
    // Who has slept may tell its clients what the other has served since: two truths, though not yet two histories.
    this.hasForked = true;
    this.isForked ||= !isOnLine;
  }
}
