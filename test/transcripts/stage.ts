import type { NodeName } from "../world/host.ts";
import { stateWord } from "../world/node-view.ts";
import { SimulatedSupervisor } from "../world/supervisor.ts";
import { World, type WorldOptions } from "../world/world.ts";
import { actions } from "./actions.ts";
import { Calm } from "./calm.ts";
import { StageClient } from "./client.ts";
import { Names } from "./names.ts";
import { StageRecovery } from "./recovery.ts";
import { effectWords, inputWords, orderWords } from "./words.ts";

/** Long enough for all that follows from a command, a missed heart-beat included; no longer than a grant is waited for. */
const quietMs = 1_200;

const plain: WorldOptions = {
  synchronisation: "manual",
  waitForReplica: false,
  peerTimeoutMs: 400,
  diskMs: 0.5,
  startMs: 5,
  checkpointChance: 0,
  tailCount: 1_000,
};

/** What may stand behind `pair,`. */
const pairOptions: Readonly<Record<string, Partial<WorldOptions>>> = {
  guarded: { profile: "guarded" },
  classic: { profile: "classic" },
  automatic: { synchronisation: "automatic" },
  waitForReplica: { waitForReplica: true },
  "waitForReplica always": { waitForReplica: "always" },
  shutdownOnPrimaryFailure: { shutdownOnPrimaryFailure: true },
  shutdownOnReplicaFailure: { shutdownOnReplicaFailure: true },
  "the journal keeps no tail": { tailCount: 0, segmentBytes: 64, lateBytes: 0 },
  "with the right password": { passwords: { wanted: "sesame", said: "sesame" } },
  "with a wrong password": { passwords: { wanted: "sesame", said: "mustard" } },
};

/** A simulated pair that is told what to do line by line, and says all that happened. */
export class Stage {
  world = this.#newWorld({});
  names = new Names();
  recovery = this.#newRecovery();
  readonly clients = new Map<string, StageClient>();
  readonly #ends = new Map<NodeName, { state: "killed" | "stopped" | "shut down"; text: string }>();
  #lines: string[] = [];
  #traps: { text: string; action: () => void }[] = [];

  /** Does what the lines say, one after the other, and returns what came of it. */
  async perform(lines: readonly string[]): Promise<string[]> {
    this.#lines = [];
    for (const line of lines) {
      const trap = /^as soon as "(.+)": (.+)$/.exec(line);
      if (trap === null) await this.act(line);
      else this.#set(trap[1]!, trap[2]!);
    }
    this.pass(quietMs);
    if (lines[0]?.startsWith("a protected pair") === true) {
      if (!this.isProtected) throw new Error(`it is not protected: ${this.#lines.join("\n")}`);
      return [];
    }
    const [left] = this.#traps;
    if (left !== undefined) throw new Error(`it never came to "${left.text}"`);
    return this.#lines;
  }

  say(who: string, words: string | null): void {
    if (words === null) return;
    const line = `${who.padEnd(11)} ${words}`;
    this.#lines.push(line);
    const said = line.replaceAll(/ +/g, " ");
    const sprung = this.#traps.filter(({ text }) => said.startsWith(text));
    this.#traps = this.#traps.filter((trap) => !sprung.includes(trap));
    // At this moment, but behind all that the process does in the same breath.
    for (const { action } of sprung) this.world.clock.after(0, action);
  }

  get told(): readonly string[] {
    return this.#lines;
  }

  pass(ms: number): void {
    this.world.clock.run(this.world.clock.now + ms);
  }

  async act(line: string): Promise<void> {
    const [, recovery] = /^recover(.*)$/.exec(line) ?? [];
    if (recovery !== undefined) {
      await this.#recover(recovery);
      return;
    }
    if (line === "undo the recovery") {
      await this.recovery.undo();
      return;
    }
    this.#actNow(line);
  }

  #actNow(line: string): void {
    for (const [pattern, action] of actions) {
      const found = pattern.exec(line);
      if (found !== null) return action(this, ...found.slice(1));
    }
    throw new Error(`the stage knows no "${line}"`);
  }

  stateOf(node: NodeName): string {
    const host = this.world.hosts[node];
    if (host === null) return this.#ends.get(node)?.state ?? "stopped";
    if (host.isFrozen) return "frozen";
    return host.node === null ? "starting" : stateWord(host.node);
  }

  /** Why it is what it is. */
  reasonOf(node: NodeName): string {
    return this.world.hosts[node]?.node?.reason ?? this.#ends.get(node)?.text ?? "";
  }

  get isProtected(): boolean {
    const { supervisor, hosts, options } = this.world;
    const active = (["primary", "replica"] as const).filter((node) => this.stateOf(node) === "active");
    const [only, second] = active;
    if (only === undefined || second !== undefined || supervisor === null) return false;
    const isMirrored = hosts[only]?.node?.isAttached === true && this.stateOf(otherThan(only)) === "standby";
    const { alone, inSync } = supervisor.state;
    return isMirrored && (options.profile === "classic" || (!alone && inSync.length === 2));
  }

  dispose(): void {
    this.recovery.dispose();
  }

  pair(words: string): void {
    let options: Partial<WorldOptions> = {};
    const isPrimaryOnly = words.endsWith("only the primary runs");
    const isReplicaOnly = words.endsWith("only the replica runs");
    for (const word of words.split(", ").filter((one) => one !== "" && !one.startsWith("only"))) {
      const chosen = pairOptions[word];
      if (chosen === undefined) throw new Error(`a pair has no option "${word}"`);
      options = { ...options, ...chosen };
    }
    this.world = this.#newWorld(options);
    this.names = new Names();
    this.recovery.dispose();
    this.recovery = this.#newRecovery();
    this.clients.clear();
    if (!isPrimaryOnly && !isReplicaOnly) return void this.world.startSupervisor();
    this.world.supervisor = new SimulatedSupervisor(this.world);
    this.world.supervisor.start(isPrimaryOnly ? "primary" : "replica");
  }

  #newWorld(options: Partial<WorldOptions>): World {
    const world = new World(new Calm(), { ...plain, ...options });
    world.transcript = {
      input: (host, input) => {
        if (input.kind === "session-opened") this.names.sessionOpened(host, input.session);
        this.say(host.name, inputWords(host, input, this.names));
      },
      effect: (host, effect) => {
        if (effect.kind === "journal") this.names.journalled(host.name, effect.entries);
        if (effect.kind === "install-snapshot") this.names.copied(otherThan(host.name), host.name);
        if (effect.kind === "end")
          this.#ends.set(host.name, {
            state: effect.reason === "stopped" ? "stopped" : "shut down",
            text: effect.text,
          });
        this.say(host.name, effectWords(host, effect, this.names));
      },
      ordered: (node, order) => {
        const words = orderWords(order);
        this.say("supervisor", words === null ? null : `to the ${node}: ${words}`);
      },
      persisted: ({ inSync, alone, epoch, holder, split }) =>
        this.say(
          "supervisor",
          split
            ? `sees that both serve, each its own history`
            : `writes down: epoch ${epoch}, ${holder ?? "nobody"}${alone ? " alone" : ""}; in sync: ${inSync.join(" and ")}`,
        ),
      noticed: (text) => this.say("supervisor", `notes: ${text}`),
    };
    return world;
  }

  #newRecovery(): StageRecovery {
    return new StageRecovery({
      world: this.world,
      say: (words) => this.say("recovery", words),
      copied: (from, to) => this.names.copied(from, to),
      isProtected: () => this.isProtected,
    });
  }

  async #recover(how: string): Promise<void> {
    const [, from] = / from the (primary|replica)/.exec(how) ?? [];
    const [, killAt = null] = /, killed at "(.+)"$/.exec(how) ?? [];
    await this.recovery.run(
      { ...(from !== undefined && { from: from as NodeName }), force: how.includes("by force") },
      { killAt, isCopyDamaged: how.includes("with a damaged copy") },
    );
  }

  #set(text: string, action: string): void {
    this.#traps.push({
      text,
      action: () => {
        this.#lines.push(`*** ${action}`);
        this.#actNow(action);
      },
    });
  }

  kill(node: NodeName): void {
    if (this.world.hosts[node] === null) return;
    this.#ends.set(node, { state: "killed", text: "" });
    this.world.kill(node);
    this.world.disks[node].loseUnsynced();
  }

  killSupervisor(): void {
    this.recovery.die();
    this.world.killSupervisor();
  }

  connect(name: string, kind: string): void {
    const client = new StageClient(
      this.world,
      this.names,
      { name, kind: kind as "failover" | "plain" | "heart-beats" },
      (words) => this.say(`client ${name}`, words),
    );
    this.clients.set(name, client);
  }

  client(name: string): StageClient {
    const client = this.clients.get(name);
    if (client === undefined) throw new Error(`there is no client ${name}`);
    return client;
  }
}

export function otherThan(node: NodeName): NodeName {
  return node === "primary" ? "replica" : "primary";
}
