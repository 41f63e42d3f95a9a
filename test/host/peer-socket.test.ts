import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { emptyDigest } from "../../engine/base/checksum.ts";
import { limits } from "../../engine/base/limits.ts";
import { asEpoch, asOp } from "../../engine/base/units.ts";
import { linkMode, type LinkMode } from "../../engine/control/views.ts";
import { faults } from "../../engine/faults/index.ts";
import { PeerLink } from "../../engine/host/peer-link.ts";
import { PeerSocket } from "../../engine/host/peer-socket.ts";
import type { LinkId } from "../../engine/node/contract.ts";
import type { ReplicationMessage } from "../../engine/pair/message.ts";

/** One end of a link: what it heard, and whether it knows that the link is gone. */
class End {
  readonly wire = new PeerLink();
  readonly heard: number[] = [];
  isLost = false;
  /** Parts of messages that were not whole. */
  partCount = 0;
  readonly peer: PeerSocket;
  readonly socket: Socket;
  #onNews: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    this.peer = new PeerSocket(
      1 as LinkId,
      socket,
      { from: "our wish", wire: this.wire },
      {
        said: (_link, message) => {
          if (message.kind === "heartbeat") this.heard.push(message.committed);
          this.#onNews();
        },
        heard: () => {
          this.partCount += 1;
          this.#onNews();
        },
        lost: () => {
          this.isLost = true;
          this.#onNews();
        },
        notice: () => undefined,
      },
    );
  }

  say(op: number): void {
    this.peer.tell(said(op));
  }

  fault(mode: LinkMode, delayMs = 0): void {
    this.wire.set(mode, delayMs);
    this.peer.feelFault();
  }

  async until(isTrue: (end: this) => boolean): Promise<void> {
    while (!isTrue(this)) await new Promise<void>((resolve) => (this.#onNews = resolve));
  }
}

const said = (op: number): ReplicationMessage => ({
  kind: "heartbeat",
  epoch: asEpoch(1),
  committed: asOp(op),
});

let server: Server;
let one: End;
let other: End;

beforeEach(async () => {
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  one = new End(socket);
  other = new End((await accepted)[0]);
});

afterEach(() => {
  one.socket.destroy();
  other.socket.destroy();
  server.close();
});

function setBoth(mode: LinkMode, delayMs = 0): void {
  one.fault(mode, delayMs);
  other.fault(mode, delayMs);
}

test("link: there is one fault for each mode of the contract", () => {
  expect(faults.map(({ mode }) => mode).toSorted()).toEqual([...linkMode.options].sort());
  for (const fault of faults) expect(fault.sentence({ delayMs: 7 })).toMatch(/^The replication link .*\.$/);
});

describe("link", () => {
  test("healed, it carries messages both ways and counts the bytes", async () => {
    one.say(1);
    other.say(2);
    await Promise.all([
      one.until(({ heard }) => heard.length > 0),
      other.until(({ heard }) => heard.length > 0),
    ]);
    expect([one.heard, other.heard]).toEqual([[2], [1]]);
    expect(one.wire.sentBytes).toBeGreaterThan(0);
  });

  test("a large message is heard of before it is whole, one that comes whole is not", async () => {
    one.say(1);
    await other.until(({ heard }) => heard.length > 0);
    expect(other.partCount).toBe(0);
    const entries = [new Uint8Array(limits.frameBytesMax)];
    one.peer.tell({ kind: "append", epoch: asEpoch(1), after: asOp(0), committed: asOp(0), entries });
    one.say(2);
    await other.until(({ heard }) => heard.length > 1);
    expect(other.partCount).toBeGreaterThan(100);
  });

  test("all that may wait for the standby can be on its way at once", () => {
    const entries = [new Uint8Array(limits.frameBytesMax)];
    one.peer.tell({ kind: "append", epoch: asEpoch(1), after: asOp(0), committed: asOp(0), entries });
    one.peer.tell({ kind: "append", epoch: asEpoch(1), after: asOp(1), committed: asOp(0), entries });
    expect(one.isLost).toBe(false);
    one.peer.tell({ kind: "append", epoch: asEpoch(1), after: asOp(2), committed: asOp(0), entries });
    expect(one.isLost).toBe(true);
  });

  test("cut, both ends learn at once that it is gone", () => {
    setBoth("cut");
    expect([one.isLost, other.isLost]).toEqual([true, true]);
  });

  test("half-open, neither end hears anything, not even the other's death, until it is healed", async () => {
    setBoth("half-open");
    one.say(1);
    other.say(2);
    const closed = new Promise((resolve) => other.socket.once("close", resolve));
    one.socket.resetAndDestroy();
    await closed;
    expect([one.heard, other.heard, other.isLost]).toEqual([[], [], false]);
    other.fault("heal");
    expect(other.isLost).toBe(true);
  });

  test("a link that lost bytes is given up when it is healed", () => {
    setBoth("half-open");
    one.say(1);
    one.fault("heal");
    expect(one.isLost).toBe(true);
  });

  test("delayed, messages come later and in order, and those after it do not overtake them", async () => {
    one.fault("delay", 40);
    const startedAt = performance.now();
    for (const op of [1, 2, 3]) one.say(op);
    one.fault("heal");
    one.say(4);
    await other.until(({ heard }) => heard.length === 4);
    expect(other.heard).toEqual([1, 2, 3, 4]);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(39);
  });
});

describe("a stranger on the replication port", () => {
  /** The broker's end of a connection that came in, and the stranger's. */
  async function comeIn(admissionMs?: number) {
    const accepted = once(server, "connection") as Promise<[Socket]>;
    const stranger = connect((server.address() as AddressInfo).port, "127.0.0.1");
    stranger.on("error", () => undefined);
    const [socket] = await accepted;
    onTestFinished(() => {
      stranger.destroy();
      socket.destroy();
    });
    const seen = { notices: [] as string[], isLost: false };
    const peer = new PeerSocket(
      2 as LinkId,
      socket,
      { from: "our port", wire: new PeerLink() },
      {
        said: () => undefined,
        heard: () => undefined,
        lost: () => (seen.isLost = true),
        notice: (_severity, text) => void seen.notices.push(text),
      },
      admissionMs,
    );
    return { peer, seen, stranger };
  }
  const welcome = (peer: PeerSocket): void =>
    peer.tell({
      kind: "welcome",
      pairId: "p",
      epoch: asEpoch(1),
      common: asOp(0),
      digest: emptyDigest,
      lacks: false,
    });
  const declared = (sizeBytes: number): Buffer => {
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(sizeBytes);
    return Buffer.concat([prefix, Buffer.alloc(100)]);
  };

  test("gets 64 KiB for a frame until it is admitted, and a batch's size then", async () => {
    const { seen, stranger } = await comeIn();
    stranger.write(declared(limits.openingFrameBytesMax + 1));
    await expect.poll(() => seen.isLost).toBe(true);
    expect(seen.notices).toEqual([expect.stringContaining("larger than the limit of 65536 bytes")]);

    const admitted = await comeIn();
    welcome(admitted.peer);
    admitted.stranger.write(declared(limits.openingFrameBytesMax + 1));
    // Refused by the larger limit only, so the first frame's prefix was taken.
    admitted.stranger.write(Buffer.alloc(limits.openingFrameBytesMax));
    await expect.poll(() => admitted.stranger.writableLength).toBe(0);
    expect(admitted.seen.notices).not.toContainEqual(expect.stringContaining("65536"));
  });

  test("has so long to be admitted, however much it says, and then for ever", async () => {
    const admitted = await comeIn(200);
    welcome(admitted.peer);
    const silent = await comeIn(200);
    await expect.poll(() => silent.seen.isLost, { timeout: 5_000 }).toBe(true);
    expect(admitted.seen.isLost).toBe(false);
  });
});
