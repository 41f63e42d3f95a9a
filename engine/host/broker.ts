import type { Socket } from "node:net";
import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { asEpoch } from "../base/units.ts";
import { version } from "../base/version.ts";
import type { LinkMode } from "../control/views.ts";
import { replicationPreamble } from "../wire/detect.ts";
import type { BrokerConfiguration } from "../config/configuration.ts";
import { ownerOf } from "../core/command.ts";
import type { SessionAnswer, SessionId } from "../core/dialogue.ts";
import type { EndReason, LinkId } from "../node/contract.ts";
import { BrokerNode } from "../node/node.ts";
import { exitCodes, type ClientIdentity, type SupervisorOrder } from "../supervisor/channel.ts";
import { ClientConnection, type ClientProtocol, type ConnectionPorts } from "./client-connection.ts";
import { tickMs } from "../pair/liveness.ts";
import { afterReading } from "./after-reading.ts";
import { Census } from "./census.ts";
import { ClientPatience } from "./client-patience.ts";
import { ClientReports } from "./client-reports.ts";
import { readClocks } from "./clock.ts";
import { Listener } from "./listener.ts";
import { NodeLoop, type LoopPorts } from "./loop.ts";
import { authenticates, nodeOptions } from "./node-options.ts";
import { Notices } from "./notices.ts";
import { Operations } from "./operations.ts";
import { PeerLink } from "./peer-link.ts";
import { PeerSeeker } from "./peer-seeker.ts";
import { PeerSocket } from "./peer-socket.ts";
import { portInUse } from "./ports.ts";
import { status, type StatusSources } from "./reports.ts";
import { deleteStore, Store } from "./store.ts";
import type { Supervision } from "./supervision.ts";

const statisticsMs = 250;

/**
 * One broker process: the node, its store, its port and its links, wired together. Nothing here decides anything;
 * what happens is given to the node, and what the node wants is done.
 */
export class HostedBroker {
  readonly #configuration: BrokerConfiguration;
  readonly #supervision: Supervision;
  readonly #store: Store;
  readonly #loop: NodeLoop;
  readonly #operations: Operations;
  readonly #listener: Listener;
  readonly #seeker: PeerSeeker | null;
  readonly #connections = new Map<SessionId, ClientConnection>();
  readonly #innerSessions = new Map<SessionId, (answer: SessionAnswer) => void>();
  readonly #links = new Map<LinkId, PeerSocket>();
  readonly #wire = new PeerLink();
  readonly #dirty = new Set<ClientConnection>();
  #lastSession = 0;
  #lastLink = 0;
  #port: number | null = null;
  #isStopping = false;
  readonly #census = new Census();
  readonly #notices = new Notices();
  #lastStatus = "";
  readonly #confirmed = new Set<SessionId>();
  readonly #clientReports: ClientReports;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #patience: ClientPatience;
  #onEnd: (exitCode: number) => void = () => undefined;
  /** Resolves with the exit code when the broker has ended, for whatever reason. */
  readonly ended: Promise<number>;

  /** Opens the store and throws what is wrong with it; nothing runs before {@link start}. */
  constructor(configuration: BrokerConfiguration, supervision: Supervision) {
    this.#configuration = configuration;
    this.#supervision = supervision;
    this.#clientReports = new ClientReports(supervision);
    if (configuration.deleteAllMessagesOnStartup) deleteStore(configuration.dataDirectory);
    const tailBytes = configuration.synchronisation === "automatic" ? limits.journalTailBytes : 0;
    this.#store = new Store(configuration.dataDirectory, configuration.durability, { tailBytes });
    const stored = this.#store.load();
    const node = new BrokerNode(nodeOptions(configuration), stored, this.#store, readClocks());
    this.#loop = new NodeLoop(node, this.#store, this.#loopPorts());
    this.#operations = new Operations(this.#loop, {
      open: (answer) => this.#openInnerSession(answer),
      close: (session) => this.#closeInnerSession(session),
    });
    this.#patience = new ClientPatience(configuration.waitForReplicaTimeoutMs, () => this.#dismissWaiting());
    this.#listener = new Listener(configuration.host, {
      client: (protocol, socket, first) => this.#acceptClient(protocol, socket, first),
      peer: (socket, first) => this.#acceptPeer(socket, first),
      refused: (text) => this.#notice("warning", text),
    });
    const primary = configuration.primaryConnector;
    this.#seeker =
      primary === null ? null : new PeerSeeker(primary, this.#wire, (socket) => this.#reachedPeer(socket));
    this.ended = new Promise((resolve) => (this.#onEnd = resolve));
  }

  start(): void {
    const { position } = status(this.#sources());
    this.#supervision.report({ kind: "opened", position, pairId: this.#loop.node.history.pairId });
    // Before anybody can ask: a store that was just opened would look empty until the first timer.
    this.#reportStatistics();
    this.#loop.give({ kind: "started" });
    this.#timers.push(setInterval(() => afterReading(() => this.#loop.give({ kind: "ticked" })), tickMs));
    this.#timers.push(setInterval(() => this.#reportStatistics(), statisticsMs));
    this.#timers.push(setInterval(() => this.#store.markSynced(), tickMs));
  }

  /** Takes an order of the supervisor. */
  take(order: SupervisorOrder): void {
    switch (order.kind) {
      case "configure":
        return;
      case "granted":
        return this.#loop.give({ ...order, epoch: asEpoch(order.epoch) });
      case "denied":
        return this.#loop.give({ ...order, epoch: asEpoch(order.epoch) });
      case "shut-down":
        return this.#loop.give({
          kind: "told-to-shut-down",
          reason: order.reason === "refused" ? "failure" : order.reason,
          text: order.text,
        });
      case "hand-over":
        return this.#loop.give({ kind: "told-to-hand-over" });
      case "link":
        return this.#setLink(order.mode, order.delayMs);
      case "ping":
        return this.#supervision.report({ kind: "pong", ping: order.ping });
      case "stop":
        return this.stop(order.pair);
      case "request":
        return void this.#answerRequest(order);
      case "withdraw":
        return this.#operations.withdraw(order.request);
    }
  }

  /** Ends in order. `pair`: the other node stops too. */
  stop(pair: boolean): void {
    this.#isStopping = true;
    this.#loop.give({ kind: "told-to-stop", pair });
  }

  #loopPorts(): LoopPorts {
    return {
      tellPeer: (link, message) => this.#links.get(link)?.tell(message),
      dropPeer: (link) => {
        this.#links.get(link)?.drop();
        this.#links.delete(link);
      },
      seekPeer: (on) => this.#seeker?.want(on),
      answer: (session, answer) => this.#answer(session, answer),
      openConnectors: (open) => void this.#openConnectors(open),
      closeSessions: (reason) => this.#closeSessions(reason),
      serve: (on) => this.#serve(on),
      turnEnded: () => this.#flush(),
      askGrant: (wish) =>
        this.#supervision.report({ kind: "ask-grant", wish, position: status(this.#sources()).position }),
      paired: (epoch) =>
        this.#supervision.report({
          kind: "paired",
          epoch,
          position: status(this.#sources()).position,
          pairId: this.#loop.node.history.pairId,
        }),
      handedOver: () =>
        this.#supervision.report({ kind: "handed-over", position: status(this.#sources()).position }),
      statusChanged: () => this.#reportStatus(),
      notice: (severity, text) => this.#notice(severity, text),
      end: (reason, text) => this.#end(reason, text),
    };
  }

  async #openConnectors(open: boolean): Promise<void> {
    if (!open) {
      this.#listener.close();
      this.#port = null;
      this.#reportStatus();
      return;
    }
    if (this.#listener.isOpen) return;
    try {
      const port = await this.#listener.open(this.#configuration.port);
      if (port === null) return;
      this.#port = port;
      if (this.#loop.isHolding) this.#patience.begin();
      this.#reportStatus();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const text =
        code === "EADDRINUSE"
          ? (await portInUse(this.#configuration.port, this.#configuration.name)).message
          : message;
      this.#notice("error", text);
      this.#loop.give({ kind: "told-to-shut-down", reason: "failure", text });
    }
  }

  #acceptClient(protocol: ClientProtocol, socket: Socket, first: Buffer): void {
    const id = ++this.#lastSession as SessionId;
    const context = {
      brokerName: this.#configuration.name,
      version,
      // Asked of the operating system only where a protocol tells its clients.
      get url(): string {
        return `tcp://${socket.localAddress ?? "localhost"}:${socket.localPort ?? 0}`;
      },
      connectionName: ownerOf(this.#loop.node.history.epoch, id),
      authenticate: (login: string | null, passcode: string | null): boolean =>
        authenticates(this.#configuration, login, passcode),
    };
    const connection = new ClientConnection(id, protocol, socket, context, this.#connectionPorts());
    this.#connections.set(id, connection);
    this.#loop.give({ kind: "session-opened", session: id });
    this.#clientReports.add({ kind: "connected", session: id, at: Date.now(), client: identity(connection) });
    connection.take(first);
  }

  #connectionPorts(): ConnectionPorts {
    return {
      isServing: () => this.#loop.isServing,
      ask: (session, request, receipt) => {
        this.#clientReports.asked(this.#loop.node, session, request);
        this.#loop.give({ kind: "asked", session, request, receipt });
      },
      received: (_session, sizeBytes) => this.#loop.countReceived(sizeBytes),
      unsent: (session, sizeBytes) => this.#loop.give({ kind: "session-unsent", session, sizeBytes }),
      hasOutput: (connection) => {
        this.#dirty.add(connection);
        this.#loop.planTurn();
      },
      described: (connection) =>
        this.#clientReports.add({
          kind: "identified",
          session: connection.id,
          at: Date.now(),
          client: identity(connection),
        }),
      closed: (connection, reason) => {
        this.#connections.delete(connection.id);
        this.#confirmed.delete(connection.id);
        this.#dirty.delete(connection);
        this.#loop.give({ kind: "session-closed", session: connection.id });
        this.#clientReports.add({ kind: "disconnected", session: connection.id, at: Date.now(), reason });
      },
    };
  }

  #answer(session: SessionId, answer: SessionAnswer): void {
    const inner = this.#innerSessions.get(session);
    if (inner !== undefined) return inner(answer);
    const connection = this.#connections.get(session);
    if (connection === undefined) return;
    connection.answer(answer);
    if (answer.kind === "refuse" || this.#confirmed.has(session)) return;
    this.#confirmed.add(session);
    this.#clientReports.add({
      kind: "first-confirmed",
      session,
      at: Date.now(),
      client: identity(connection),
    });
  }

  #openInnerSession(answer: (answer: SessionAnswer) => void): SessionId {
    const session = ++this.#lastSession as SessionId;
    this.#innerSessions.set(session, answer);
    this.#loop.give({ kind: "session-opened", session });
    return session;
  }

  #closeInnerSession(session: SessionId): void {
    this.#innerSessions.delete(session);
    this.#loop.give({ kind: "session-closed", session });
  }

  #serve(on: boolean): void {
    if (on) {
      this.#patience.end();
      for (const connection of this.#connections.values()) connection.resume();
    } else this.#patience.begin();
    this.#reportStatus();
  }

  #dismissWaiting(): void {
    const { name, waitForReplicaTimeoutMs: waitedMs } = this.#configuration;
    const error = new BrokerError("WAITING_FOR_REPLICA", { node: name, waitedMs });
    this.#closeSessions(error.message, error);
  }

  #closeSessions(reason: string, error: BrokerError | null = null): void {
    for (const inner of this.#innerSessions.values()) inner({ kind: "close", error });
    this.#innerSessions.clear();
    for (const connection of this.#connections.values()) connection.close(reason, error);
  }

  #flush(): void {
    for (const connection of this.#dirty) {
      this.#dirty.delete(connection);
      connection.flush();
    }
  }

  #setLink(mode: LinkMode, delayMs: number): void {
    this.#wire.set(mode, delayMs);
    for (const peer of [...this.#links.values()]) peer.feelFault();
  }

  #reachedPeer(socket: Socket): void {
    const peer = this.#addLink(socket, "our wish");
    peer.send([replicationPreamble]);
    this.#loop.give({ kind: "peer-reached", link: peer.link });
  }

  #acceptPeer(socket: Socket, first: Buffer): void {
    if (this.#wire.refuses) socket.resetAndDestroy();
    else this.#addLink(socket, "our port").take(first);
  }

  #addLink(socket: Socket, from: "our port" | "our wish"): PeerSocket {
    const link = ++this.#lastLink as LinkId;
    const peer = new PeerSocket(
      link,
      socket,
      { from, wire: this.#wire },
      {
        said: (_, message) => this.#loop.give({ kind: "peer-said", link, message }),
        heard: () => this.#loop.give({ kind: "peer-heard", link }),
        lost: () => {
          this.#links.delete(link);
          this.#loop.give({ kind: "peer-lost", link });
        },
        notice: (severity, text) => this.#notice(severity, text),
      },
    );
    this.#links.set(link, peer);
    return peer;
  }

  async #answerRequest({ request, operation }: Extract<SupervisorOrder, { kind: "request" }>): Promise<void> {
    try {
      const value = await this.#operations.perform(request, operation);
      this.#supervision.report({ kind: "reply", request, value });
    } catch (error) {
      const failure =
        error instanceof BrokerError
          ? error
          : new BrokerError("INTERNAL", { detail: (error as Error).message });
      this.#supervision.report({
        kind: "reply",
        request,
        failure: { code: failure.code, message: failure.message, context: { ...failure.context } },
      });
    }
  }

  #reportStatus(): void {
    // Whoever reads "active" may connect at once, so it is not said before the port is open.
    const isOpening = this.#loop.node.state.kind === "active" && this.#port === null && !this.#isStopping;
    if (isOpening) return;
    const latest = status(this.#sources());
    // Positions alone are no news; statistics carry those.
    const news = JSON.stringify({ ...latest, position: latest.position.epoch, committed: 0 });
    if (news === this.#lastStatus) return;
    this.#lastStatus = news;
    this.#supervision.report({ kind: "state", status: latest });
  }

  #reportStatistics(): void {
    this.#clientReports.flush();
    const statistics = this.#census.take(this.#sources(), this.#store.sizeBytes());
    if (statistics !== null) this.#supervision.report({ kind: "statistics", statistics });
  }

  #sources(): StatusSources {
    return { node: this.#loop.node, port: this.#port, linkBytes: this.#wire.sentBytes };
  }

  #notice(severity: "info" | "warning" | "error", text: string): void {
    const told = this.#notices.take(text, performance.now());
    if (told !== null) this.#supervision.report({ kind: "notice", severity, text: told });
  }

  #end(reason: EndReason, text: string): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#patience.end();
    this.#seeker?.want(false);
    this.#listener.close();
    this.#closeSessions(text);
    for (const peer of this.#links.values()) peer.drop();
    this.#store.close();
    this.#clientReports.flush();
    this.#supervision.report({ kind: "ending", reason, text });
    this.#onEnd(exitCodes[reason]);
  }
}

function identity({ session, remoteAddress, remotePort }: ClientConnection): ClientIdentity {
  return { ...session.description, remoteAddress, remotePort };
}
