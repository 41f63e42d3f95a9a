import type { SessionRequest } from "../../engine/core/dialogue.ts";
import type { ReplicationMessage } from "../../engine/pair/message.ts";
import { asEpoch, asOp, type Op } from "../../engine/base/units.ts";
import { emptyDigest } from "../../engine/base/checksum.ts";
import { messageTo, orders } from "../core/helpers.ts";
import { ClientWire } from "../world/client-wire.ts";
import type { NodeName } from "../world/host.ts";
import { World, type WorldOptions } from "../world/world.ts";
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

interface Client {
  readonly wire: ClientWire;
  readonly delivered: Op[];
}

/** A simulated pair that is told what to do line by line, and says all that happened. */
export class Stage {
  #world = new World(1, plain);
  #lines: string[] = [];
  readonly #clients = new Map<string, Client>();
  #receipts = 0;

  /** Does what one line says, and returns what came of it. */
  perform(command: string): string[] {
    this.#lines = [];
    const [verb = "", ...words] = command.split(" ");
    this.#act(verb, words);
    this.#world.clock.run(this.#world.clock.now + quietMs);
    return this.#lines;
  }

  #act(verb: string, [first = "", second = ""]: string[]): void {
    const node = first as NodeName;
    switch (verb) {
      case "pair":
        this.#world = new World(1, {
          ...plain,
          synchronisation: first === "automatic" ? "automatic" : "manual",
        });
        this.#listen();
        this.#world.startSupervisor();
        return;
      case "client":
        return this.#connect(first, second as NodeName);
      case "send":
        for (let count = Number(second); count > 0; count -= 1)
          this.#ask(first, { kind: "send", message: messageTo(orders), transaction: null });
        return;
      case "subscribe":
        return this.#ask(first, subscription);
      case "accept":
        return this.#ask(first, {
          kind: "settle",
          subscription: "s",
          messages: this.#clients.get(first)!.delivered.splice(0),
          outcome: "accepted",
          transaction: null,
        });
      case "kill":
        return this.#world.kill(node);
      case "start":
        return this.#world.supervisor?.start(node);
      case "freeze":
        return this.#world.hosts[node]?.freeze();
      case "thaw":
        return this.#world.hosts[node]?.thaw();
      case "link":
        return this.#world.network.set(first === "cut" ? "cut" : first === "mute" ? "mute" : "healthy");
      case "recover":
        return this.#world.supervisor?.recover();
      case "stranger":
        return this.#knock(node);
      default:
        throw new Error(`the stage knows no "${verb}"`);
    }
  }

  #listen(): void {
    const say = (who: string, words: string | null): void => {
      if (words !== null) this.#lines.push(`${who.padEnd(11)} ${words}`);
    };
    this.#world.transcript = {
      input: (host, input) => say(host.name, inputWords(input)),
      effect: (host, effect) => say(host.name, effectWords(effect)),
      ordered: (node, order) => {
        const words = orderWords(order);
        say("supervisor", words === null ? null : `${words}, to the ${node}`);
      },
      noticed: () => {},
      persisted: ({ inSync, alone, epoch }) =>
        say(
          "supervisor",
          `writes down: epoch ${epoch}, in sync ${inSync.join(" and ")}${alone ? ", alone" : ""}`,
        ),
    };
  }

  #connect(name: string, node: NodeName): void {
    const host = this.#world.hosts[node];
    if (host?.isOpen !== true) {
      this.#lines.push(`client ${name}: the ${node} refuses the connection`);
      return;
    }
    const delivered: Op[] = [];
    const wire = new ClientWire(this.#world, host, {
      answered: (answer) => answer.kind === "deliver" && delivered.push(answer.id),
      lost: () => this.#lines.push(`client ${name}: the connection is lost`),
    });
    this.#clients.set(name, { wire, delivered });
  }

  #ask(name: string, request: SessionRequest): void {
    this.#receipts += 1;
    this.#clients.get(name)!.wire.ask(request, this.#receipts);
  }

  /** Another replica, which knows the pair's name and has nothing. */
  #knock(node: NodeName): void {
    const end = {
      said: (message: ReplicationMessage): void => {
        const words = inputWords({ kind: "peer-said", link: 0 as never, message });
        if (words !== null) this.#lines.push(`stranger    ${words}`);
      },
      lost: (): void => void this.#lines.push("stranger    loses the link"),
    };
    this.#world.hosts[node]!.peers.accept(end).tell(0, {
      kind: "hello",
      version: 1,
      pairId: this.#world.book.state.pairId,
      node: "stranger",
      instance: "stranger",
      epoch: asEpoch(0),
      head: asOp(0),
      digest: emptyDigest,
      userName: null,
      password: null,
    });
  }
}

const subscription: SessionRequest = {
  kind: "subscribe",
  subscription: "s",
  destination: orders,
  ackMode: "client-individual",
  prefetchCount: 10,
  browser: false,
  durable: null,
  exclusive: false,
  noLocal: false,
  consumerPriority: 0,
};
