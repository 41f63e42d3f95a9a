import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { faultOf } from "../faults/index.ts";
import type { LinkFault } from "../faults/fault.ts";
import type { LinkMode } from "../control/views.ts";

/** Bytes held back in one direction by a delay; beyond it the sender is no longer read. */
const delayedBytesMax = 16 * 1024 * 1024;

/**
 * The replication link's way through the supervisor, so that it can be cut, muted and delayed without being root.
 *
 *   standby ──► 127.0.0.1:port ──► [ fault ] ──► 127.0.0.1:targetPort, the active node
 *
 * One proxy stands before each node, since the standby dials and either node may be the standby.
 */
export class LinkProxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #lines = new Set<Line>();
  #fault: LinkFault = faultOf("heal");
  #delayMs = 0;
  #bytes = 0;
  #port = 0;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
      this.#accept(socket),
    );
  }

  /** Port to dial instead of the target's. */
  get port(): number {
    return this.#port;
  }

  /** Bytes handed on so far, both ways. */
  get bytes(): number {
    return this.#bytes;
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", () => resolve());
    });
    this.#port = (this.#server.address() as AddressInfo).port;
    return this.#port;
  }

  /** Switches the fault; existing connections feel it at once. */
  setMode(mode: LinkMode, delayMs: number): void {
    this.#fault = faultOf(mode);
    this.#delayMs = delayMs;
    for (const line of [...this.#lines]) {
      // A line that lost bytes can never carry a sensible stream again: both ends must start anew.
      if (this.#fault.connections === "refuse" || (line.isPoisoned && this.#passage().kind !== "swallow"))
        line.destroy();
    }
  }

  async close(): Promise<void> {
    for (const line of [...this.#lines]) line.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #passage(): ReturnType<LinkFault["passage"]> {
    return this.#fault.passage({ delayMs: this.#delayMs });
  }

  #accept(near: Socket): void {
    if (this.#fault.connections === "refuse") {
      near.resetAndDestroy();
      return;
    }
    const line = new Line(
      near,
      connect({ port: this.#targetPort, host: "127.0.0.1", allowHalfOpen: true, noDelay: true }),
      {
        passage: () => this.#passage(),
        counted: (bytes) => (this.#bytes += bytes),
        ended: () => this.#lines.delete(line),
      },
    );
    this.#lines.add(line);
  }
}

interface LineHooks {
  passage(): ReturnType<LinkFault["passage"]>;
  counted(bytes: number): void;
  ended(): void;
}

/** One connection through the proxy: two sockets and what is under way between them. */
class Line {
  isPoisoned = false;
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #hooks: LineHooks;
  #isOver = false;

  constructor(near: Socket, far: Socket, hooks: LineHooks) {
    this.#near = near;
    this.#far = far;
    this.#hooks = hooks;
    near.setNoDelay(true);
    this.#carry(near, far);
    this.#carry(far, near);
    near.resume();
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // A reset, not an orderly end: the peers must not take it for one.
    for (const socket of [this.#near, this.#far]) {
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
    }
    this.#hooks.ended();
  }

  #carry(from: Socket, to: Socket): void {
    const queue = new DelayQueue();
    from.on("data", (chunk) => {
      const passage = this.#hooks.passage();
      if (passage.kind === "swallow") {
        this.isPoisoned = true;
        return;
      }
      const delayMs = passage.kind === "later" ? passage.delayMs : 0;
      queue.push(delayMs, chunk.length, () => {
        if (this.#isOver || to.destroyed) return;
        this.#hooks.counted(chunk.length);
        if (!to.write(chunk)) from.pause();
        else if (queue.heldBytes < delayedBytesMax) from.resume();
      });
      if (queue.heldBytes >= delayedBytesMax) from.pause();
    });
    to.on("drain", () => from.resume());
    from.on("end", () => {
      const passage = this.#hooks.passage();
      if (passage.kind === "swallow") this.isPoisoned = true;
      else queue.push(passage.kind === "later" ? passage.delayMs : 0, 0, () => to.end());
    });
    // A process that died resets or closes its socket: the other end learns it without delay, as from a local kernel.
    from.on("error", () => this.#broken());
    from.on("close", () => {
      if (from.errored !== null || (from.readableEnded && from.writableFinished && to.destroyed))
        this.#broken();
    });
  }

  #broken(): void {
    if (this.#hooks.passage().kind === "swallow") {
      this.isPoisoned = true;
      return;
    }
    this.destroy();
  }
}

/** Runs actions in order, each no earlier than its delay; at once when nothing is held back. */
class DelayQueue {
  heldBytes = 0;
  readonly #held: { dueAt: number; size: number; run: () => void }[] = [];
  #isArmed = false;

  push(delayMs: number, size: number, run: () => void): void {
    if (delayMs === 0 && this.#held.length === 0) {
      run();
      return;
    }
    this.#held.push({ dueAt: performance.now() + delayMs, size, run });
    this.heldBytes += size;
    this.#arm();
  }

  #arm(): void {
    const first = this.#held[0];
    if (this.#isArmed || first === undefined) return;
    this.#isArmed = true;
    setTimeout(
      () => {
        this.#isArmed = false;
        this.#release();
      },
      Math.max(0, first.dueAt - performance.now()),
    );
  }

  #release(): void {
    for (
      let first = this.#held[0];
      first !== undefined && first.dueAt <= performance.now() + 0.5;
      first = this.#held[0]
    ) {
      this.#held.shift();
      this.heldBytes -= first.size;
      first.run();
    }
    this.#arm();
  }
}
