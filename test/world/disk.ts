import { assert } from "../../engine/base/assert.ts";
import { digestOf, digestsEqual, emptyDigest, type Digest } from "../../engine/base/checksum.ts";
import { BrokerError } from "../../engine/base/errors.ts";
import { asEpoch, asOp, type Epoch, type Op } from "../../engine/base/units.ts";
import { restoreCheckpoint, type Checkpoint } from "../../engine/core/checkpoint.ts";
import type { ChunkSizes } from "../../engine/core/chunk.ts";
import { contentOf } from "../../engine/core/command.ts";
import type { Message } from "../../engine/core/message.ts";
import { referredAfter } from "../../engine/core/references.ts";
import { Journal } from "../../engine/host/journal.ts";
import { LateContents } from "../../engine/host/late-contents.ts";
import { recordAt } from "../../engine/host/record.ts";
import type { JournalReader, StoredState, Term } from "../../engine/node/contract.ts";
import type { SnapshotHead, SnapshotPart } from "../../engine/pair/message.ts";
import { misfit, readEntry, type Head, type JournalEntry } from "../../engine/pair/entry.ts";
import type { Clock } from "./clock.ts";
import { checkpointChange, readChunks, rowKey, SimulatedDatabase, Tables, type Content } from "./database.ts";
import { SimulatedFiles } from "./files.ts";
import { firstLink, linkOf } from "./link.ts";
import { Random } from "./random.ts";

const directory = "simulated";
const readBytes = 1_048_576;
/** Room made ahead of what is written: a few entries, so that it is made often. */
const reserveBytes = 1_500;

export interface DiskOptions {
  /** A file of the journal is finished at this size. */
  readonly segmentBytes: number;
  /** Bytes of the journal that are kept beyond what a restart needs, for a standby that is behind. */
  readonly tailBytes: number;
  /** Bytes of it behind a message until its content moves to the database. */
  readonly lateBytes: number;
  /** So few that the queues of a simulated world are cut up all the time. */
  readonly chunkSizes: ChunkSizes;
}

/**
 * A node's store: the real journal on simulated files, and a likeness of the database, with what `engine/host/store.ts`
 * does between them. Between a process's end and the next one's `load` nothing is open.
 */
export class SimulatedDisk implements JournalReader {
  readonly files: SimulatedFiles;
  /** Called when the disk fails while something is being written in the background. */
  onFailure: (error: BrokerError) => void = (error) => {
    throw error;
  };
  /** A bit of it was flipped. */
  isFlipped = false;
  readonly #random: Random;
  readonly #options: DiskOptions;
  readonly #database = new SimulatedDatabase();
  #journal: Journal | null = null;
  /** For the oracle: the link of each entry of the history, those being written and those removed since included. */
  #chain: string[] = [firstLink];
  /** The last entry that would survive a loss of power. */
  #syncedOp = 0;
  #incoming: Tables | null = null;
  #late = new LateContents();
  #syncedThrough = asOp(0);

  constructor(clock: Clock, options: Partial<DiskOptions> = {}, random: Random = new Random(1)) {
    this.#options = {
      segmentBytes: 1_048_576,
      tailBytes: 1_048_576,
      lateBytes: 1_048_576,
      chunkSizes: { countMin: 2, countMax: 3 },
      ...options,
    };
    this.#random = random;
    this.files = new SimulatedFiles(clock, random.fork());
  }

  get headOp(): number {
    return this.#syncedOp;
  }

  get epoch(): Epoch {
    return this.#database.tables.term.epoch;
  }

  /** Its node was last told that it lacks what clients know of. */
  get isBehind(): boolean {
    return this.#database.tables.term.isBehind;
  }

  /** Link of the history up to `op`, where it would survive a loss of power. */
  chainAt(op: number): string | undefined {
    return op <= this.#syncedOp ? this.#chain[op] : undefined;
  }

  get chain(): readonly string[] {
    return this.#chain;
  }

  /** `links` are those of the entries, in the same order. */
  append(
    entries: readonly JournalEntry[],
    done: () => void,
    links = entries.map(({ digest }) => linkOf(digest)),
  ): void {
    const { op } = entries[0]!;
    assert(op === this.#chain.length, `the disk gets entry ${op} after ${this.#chain.length - 1}`);
    this.#chain.push(...links);
    const last = entries.at(-1)!.op;
    const journal = this.#open();
    this.#writing(() =>
      journal.append(entries, () => {
        this.#syncedOp = Math.max(this.#syncedOp, last);
        done();
      }),
    );
    journal.sync();
  }

  saveCheckpoint(checkpoint: Checkpoint): void {
    const journal = this.#open();
    this.#writing(() => this.files.refuseWrites());
    journal.dropThrough(this.#syncedThrough, this.#options.tailBytes);
    const changes = this.#late.take(checkpoint, journal.lastBehind(this.#options.lateBytes));
    const contents = new Map<number, Content>();
    for (const { op, bytes, digest } of journal.findAll(changes.moved)) contents.set(op, { bytes, digest });
    this.#database.commit(checkpointChange(checkpoint, contents, changes));
    const count = this.#database.unsyncedCount;
    this.files.afterSync((error) => {
      if (this.#journal !== journal) return;
      if (error !== null) return this.onFailure(this.#unwritable(error));
      this.#database.sync(Math.min(count, this.#database.unsyncedCount));
      this.#syncedThrough = changes.through;
    });
  }

  /** Durable when it returns. */
  saveTerm(term: Term): void {
    this.#writing(() => this.files.refuseWrites());
    this.#database.commit((tables) => {
      tables.term = term;
    });
    this.#database.sync();
  }

  cut(after: Op): void {
    const journal = this.#open();
    this.#writing(() => journal.cut(after));
    this.#cutChain(after);
  }

  /** The process ends in order. */
  close(): void {
    const journal = this.#journal;
    this.#journal = null;
    journal?.close();
    this.#database.sync();
    this.files.dropProcess();
  }

  /** The process is killed: what it wrote is in the operating system's hands. */
  dropProcess(): void {
    this.#journal = null;
    this.#syncedThrough = asOp(0);
    this.#incoming = null;
    this.files.dropProcess();
  }

  /** The machine is gone, and with it some of what was not synced. */
  losePower(): void {
    this.dropProcess();
    this.files.losePower();
    this.#database.losePower(this.#random);
  }

  /** The process is killed before what it was about to write was written. */
  loseUnsynced(): void {
    this.dropProcess();
    this.files.losePower("nothing");
    this.#cutChain(this.#syncedOp);
  }

  /** A lie: the last `count` entries are gone although they were synced. */
  forget(count: number): void {
    if (count === 0) return;
    const after = Math.max(this.#database.tables.checkpoint.op, this.#chain.length - 1 - count);
    this.#open().cut(asOp(after));
    this.files.syncAll();
    this.#cutChain(after);
    this.dropProcess();
  }

  /** Becomes what `other` is: the recovery copy. */
  copyFrom(other: SimulatedDisk): void {
    this.dropProcess();
    this.files.copyFrom(other.files);
    this.#database.replace(other.#database.tables.copy());
    this.isFlipped = false;
    this.#chain = [...other.#chain];
    this.#syncedOp = other.#chain.length - 1;
  }

  /** Everything that the last process left. STORE_DAMAGED when it does not fit together. */
  load(): StoredState {
    const journal = this.#open();
    const { contentsThrough, rows, queues, chunks, summary, checkpoint, term } = this.#database.tables;
    if (journal.last < checkpoint.op) throw damaged(`the journal ends at entry ${journal.last}`);
    const inOrder = [...rows.values()].sort((one, other) => one.position - other.position);
    const queueRows = [...queues.values()].sort((one, other) => one.id - other.id);
    const broker = restoreCheckpoint(summary, inOrder, checkpoint.op, queueRows, readChunks(chunks));
    broker.chunkSizes = this.#options.chunkSizes;
    this.#late = new LateContents(referredAfter(broker, contentsThrough));
    const chain = this.#chain.slice(0, checkpoint.op + 1);
    assert(chain[checkpoint.op] === linkOf(checkpoint.digest), "a checkpoint is of this history");
    let head: Head = checkpoint;
    for (let found = journal.read(next(head), readBytes); found.length > 0;) {
      for (const { op, bytes, digest } of found) {
        const entry = this.#parse(op, bytes, digest);
        const why = misfit(head, entry);
        if (why !== null) throw damaged(why);
        broker.apply(entry.op, entry.command);
        chain.push(linkOf(entry.digest));
        head = entry;
      }
      found = journal.read(next(head), readBytes);
    }
    this.#chain = chain;
    this.#syncedOp = head.op;
    const epoch = asEpoch(Math.max(term.epoch, head.epoch));
    return { broker, head, ...term, epoch, checkpointOp: checkpoint.op };
  }

  /** What a check of the whole store would name, or `null`. Only while no process has it open. */
  findDamage(): string | null {
    try {
      this.load();
      for (const [op, { bytes, digest }] of this.#database.tables.contents)
        if (!digestsEqual(digestOf(bytes), digest)) return `entry ${op} has changed since it was written`;
      return this.#open().findDamage();
    } catch (error) {
      if (error instanceof BrokerError) return error.message;
      throw error;
    } finally {
      this.dropProcess();
    }
  }

  completeAfter(): Op {
    return this.#open().completeAfter;
  }

  read(first: Op, bytesMax: number): readonly Uint8Array[] {
    const found = this.#open().read(first, bytesMax);
    assert(
      found.length > 0 || first > this.#open().last,
      `entry ${first} is read, and the journal has it not`,
    );
    return found.map(({ bytes }) => bytes);
  }

  digestAt(op: Op): Digest | null {
    if (op === 0) return emptyDigest;
    const { checkpoint } = this.#database.tables;
    return this.#open().digestAt(op) ?? (op === checkpoint.op ? checkpoint.digest : null);
  }

  content(op: Op): Uint8Array | null {
    return this.#stored(op)?.bytes ?? null;
  }

  message(op: Op): Message | null {
    const stored = this.#stored(op);
    if (stored === null) return null;
    const { command } = this.#parse(op, stored.bytes, stored.digest);
    return contentOf(command);
  }

  /** Begins to receive another node's state. */
  beginSnapshot(): void {
    this.#incoming = new Tables();
  }

  takeSnapshotPart({ contents, rows, chunks }: SnapshotPart): void {
    for (const { op, bytes } of contents)
      this.#incoming?.contents.set(op, { bytes, digest: digestOf(bytes) });
    for (const row of rows) this.#incoming?.rows.set(rowKey(row.queue, row.op), row);
    for (const row of chunks) this.#incoming?.chunks.set(row.id, row);
  }

  /** Puts what was received in this store's place; `chain` are the links of the history it is of, for the oracle. */
  installSnapshot(head: SnapshotHead, pairId: string, chain: readonly string[]): void {
    const incoming = this.#incoming;
    assert(incoming !== null, "a snapshot ends that had begun");
    this.#incoming = null;
    // The new store is written beside the present one: a disk that fails meanwhile leaves that as it is.
    this.#writing(() => {
      this.files.refuseWrites();
      this.files.syncDirectory();
    });
    const { op, epoch, stampedAt, digest, summary } = head;
    incoming.summary = summary;
    incoming.checkpoint = { op, epoch, stampedAt, digest };
    incoming.contentsThrough = op;
    incoming.term = { epoch, pairId, isBehind: true };
    this.dropProcess();
    this.#database.replace(incoming);
    this.files.clear();
    this.#journal = this.#writing(() => this.#newJournal(asOp(1)));
    this.#writing(() => this.#journal?.restart(asOp(op + 1)));
    this.files.syncAll();
    this.isFlipped = false;
    this.#chain = chain.slice(0, op + 1);
    this.#syncedOp = op;
  }

  /** Changes one bit of what a later check must notice; says whether there was one. */
  flipBit(): boolean {
    const { contents } = this.#database.tables;
    if (contents.size > 0 && this.#random.chance(0.3)) {
      const [op, { bytes, digest }] = this.#random.pick([...contents]);
      const changed = Buffer.from(bytes);
      changed[this.#random.below(changed.length)]! ^= 4;
      contents.set(op, { bytes: changed, digest });
      this.#database.replace(this.#database.tables);
      this.isFlipped = true;
      return true;
    }
    const name = this.#random.pick(this.files.list());
    const content = this.files.content(name);
    // Not in the room behind the last record, where nothing is.
    const last = content.lastIndexOf("ENT\n");
    const at = this.#random.below(last === -1 ? 1 : recordAt(content, last).end);
    if (at < 16) return false;
    this.files.flip(name, at);
    this.isFlipped = true;
    return true;
  }

  #open(): Journal {
    this.#journal ??= this.#writing(() => this.#newJournal(asOp(this.#database.tables.contentsThrough + 1)));
    return this.#journal;
  }

  #newJournal(from: Op): Journal {
    const { segmentBytes: segmentBytesMax } = this.#options;
    const { files } = this;
    const surroundings = { files, segmentBytesMax, reserveBytes, pace: files.pace };
    return new Journal(directory, "power-loss", from, (error) => this.onFailure(error), surroundings);
  }

  #cutChain(after: number): void {
    this.#chain = this.#chain.slice(0, after + 1);
    this.#syncedOp = Math.min(this.#syncedOp, after);
  }

  #stored(op: Op): Content | null {
    const journalled = this.#open().find(op);
    if (journalled !== null) return journalled;
    const content = this.#database.tables.contents.get(op) ?? null;
    if (content !== null && !digestsEqual(digestOf(content.bytes), content.digest)) throw changed(op);
    return content;
  }

  #parse(op: Op, bytes: Uint8Array, digest: Digest): JournalEntry {
    try {
      return readEntry(op, bytes, digest);
    } catch (error) {
      throw error instanceof BrokerError ? damaged(`entry ${op}: ${error.message}`) : error;
    }
  }

  #writing<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw (error as NodeJS.ErrnoException).syscall === undefined ? error : this.#unwritable(error as Error);
    }
  }

  #unwritable(error: Error): BrokerError {
    return new BrokerError("STORE_UNWRITABLE", { directory, detail: error.message });
  }
}

function next(head: Head): Op {
  return asOp(head.op + 1);
}

function changed(op: Op): BrokerError {
  return damaged(`entry ${op} has changed since it was written`);
}

function damaged(detail: string): BrokerError {
  return new BrokerError("STORE_DAMAGED", { directory, detail });
}
