import type { Java } from "./java.ts";
import { JavaProgram } from "./lines.ts";

/** What a Java client says by itself. */
interface ClientEvent {
  readonly event: "ready" | "holding" | "interrupted" | "resumed" | "failed" | "exception";
  readonly connection?: string;
  readonly text?: string;
  /** Of its own clock. */
  readonly at?: number;
}

/** Its answer to a command. */
interface Answer {
  readonly id: number;
  readonly ok?: unknown;
  readonly error?: string;
  readonly message?: string;
  readonly causes?: readonly string[];
}

export interface ReceivedMessage {
  readonly text: string;
  readonly id: string;
  readonly isRedelivered: boolean;
  /** Which delivery this is, from 1. */
  readonly count: number;
}

interface StreamResult {
  readonly confirmed: readonly string[];
  readonly failures: readonly string[];
  readonly longestGapMs: number;
}

export type Mode = "auto" | "client" | "dups-ok" | "individual" | "transacted";

/** What the client's call threw. */
export class JavaFailure extends Error {
  readonly className: string;
  readonly causes: readonly string[];

  constructor({ error = "", message = "", causes = [] }: Answer) {
    super(`${error}: ${message}${causes.map((cause) => `\n  caused by ${cause}`).join("")}`);
    this.className = error;
    this.causes = causes;
  }
}

/** A process of the real JMS client, driven call by call. */
export class JavaClient {
  readonly #program: JavaProgram;
  #count = 0;

  private constructor(program: JavaProgram) {
    this.#program = program;
  }

  static async start(java: Java): Promise<JavaClient> {
    const client = new JavaClient(new JavaProgram(java, "client.Main", []));
    await client.#event(({ event }) => event === "ready", "the start");
    return client;
  }

  /** Calls with one lane wait for each other, as those of one session must. */
  async call(command: string, lane: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
    const id = ++this.#count;
    this.#program.write(JSON.stringify({ ...args, id, do: command, lane }));
    const answer = await this.#program.saying(
      () => this.#lines<Answer>().find((line) => line.id === id),
      `the answer to ${command} ${JSON.stringify(args)}`,
    );
    if (answer.error !== undefined) throw new JavaFailure(answer);
    return answer.ok;
  }

  newName(): string {
    return `n${++this.#count}`;
  }

  /** A session on a connection of its own. */
  async session(uri: string, mode: Mode = "auto", more: { clientId?: string } = {}): Promise<JavaSession> {
    const connection = this.newName();
    await this.call("connect", connection, { name: connection, uri, ...more });
    return await this.sessionOn(connection, mode);
  }

  async sessionOn(connection: string, mode: Mode = "auto"): Promise<JavaSession> {
    const name = this.newName();
    await this.call("session", name, { name, connection, mode });
    return new JavaSession(this, connection, name);
  }

  /** What connections told, in order: each `connection event`. */
  events(connection: string): string[] {
    return this.#lines<ClientEvent>()
      .filter((line) => line.connection === connection)
      .map(({ event }) => event);
  }

  async told(connection: string, event: ClientEvent["event"], times = 1): Promise<void> {
    await this.#program.saying(
      () => (this.events(connection).filter((each) => each === event).length >= times ? true : undefined),
      `${event} of ${connection}`,
    );
  }

  /** From the moment the connection broke to the one when it was whole again, as the client felt it. */
  blackoutMs(connection: string): number {
    const at = (wanted: string): number =>
      this.#lines<ClientEvent>().findLast((line) => line.connection === connection && line.event === wanted)
        ?.at ?? Number.NaN;
    return at("resumed") - at("interrupted");
  }

  async #event(fits: (event: ClientEvent) => boolean, what: string): Promise<void> {
    await this.#program.saying(() => this.#lines<ClientEvent>().find(fits), what);
  }

  #lines<Line>(): Line[] {
    return this.#program.lines.map((line) => JSON.parse(line) as Line);
  }
}

export class JavaSession {
  readonly client: JavaClient;
  readonly connection: string;
  readonly #name: string;

  constructor(client: JavaClient, connection: string, name: string) {
    this.client = client;
    this.connection = connection;
    this.#name = name;
  }

  async send(to: string, ...texts: string[]): Promise<void> {
    await this.#call("send", { to, texts });
  }

  async request(to: string, replyTo: string, text: string): Promise<void> {
    await this.#call("send", { to, replyTo, texts: [text] });
  }

  async sendGroup(to: string, group: string, ...texts: string[]): Promise<void> {
    await this.#call("send", { to, group, texts });
  }

  async sendLater(to: string, delayMs: number, text: string): Promise<void> {
    await this.#call("send", { to, delayMs, texts: [text] });
  }

  async consumer(from: string, more: { durable?: string; selector?: string } = {}): Promise<JavaConsumer> {
    const name = this.client.newName();
    await this.#call("consumer", { name, from, ...more });
    return new JavaConsumer(this, name, this.#name);
  }

  /** Its name as a destination of this client. */
  async temporaryQueue(): Promise<string> {
    const name = this.client.newName();
    await this.#call("temporary", { name });
    return `temporary:${name}`;
  }

  async commit(): Promise<void> {
    await this.#call("commit", {});
  }

  /** Asks for a commit that waits with its acknowledgements on their way; the answer to `go` is how it ended. */
  async holdCommit(how: { trusting: boolean }): Promise<{ go: () => Promise<unknown> }> {
    const over = this.#call("commit", { hold: true, ...how }).then(
      () => "committed",
      (failure: unknown) => failure,
    );
    await this.client.told(this.#name, "holding");
    return {
      go: async () => {
        await this.client.call("go", "go", { session: this.#name });
        return await over;
      },
    };
  }

  async rollback(): Promise<void> {
    await this.#call("rollback", {});
  }

  async browse(queue: string): Promise<readonly ReceivedMessage[]> {
    return (await this.#call("browse", { queue })) as ReceivedMessage[];
  }

  /** Starts to send without end; `groupSize` above 1: so many a transaction. */
  produce(to: string, prefix: string, groupSize = 1): JavaStream {
    const name = this.client.newName();
    const over = this.#call("produce", { name, to, prefix, groupSize }) as Promise<StreamResult>;
    return new JavaStream(this.client, name, over);
  }

  async unsubscribe(name: string): Promise<void> {
    await this.#call("unsubscribe", { name });
  }

  async close(): Promise<void> {
    await this.client.call("close", this.#name, { name: this.connection });
  }

  /** Which broker it is connected to: `tcp://address:port`; `null` while it is to none. */
  async address(): Promise<string | null> {
    const connection = { connection: this.connection };
    return (await this.client.call("address", "address", connection)) as string | null;
  }

  async #call(command: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
    return await this.client.call(command, this.#name, { session: this.#name, ...args });
  }
}

export class JavaConsumer {
  readonly #session: JavaSession;
  readonly #name: string;
  readonly #lane: string;

  constructor(session: JavaSession, name: string, lane: string) {
    this.#session = session;
    this.#name = name;
    this.#lane = lane;
  }

  /** The next messages; fewer when none comes in time. */
  async receive(count: number, timeoutMs = 20_000): Promise<readonly ReceivedMessage[]> {
    const args = { consumer: this.#name, count, timeoutMs };
    return (await this.#session.client.call("receive", this.#lane, args)) as ReceivedMessage[];
  }

  async texts(count: number, timeoutMs?: number): Promise<string[]> {
    return (await this.receive(count, timeoutMs)).map(({ text }) => text);
  }

  /** Whatever still comes, until nothing does for a while. */
  async rest(): Promise<readonly ReceivedMessage[]> {
    return await this.receive(1_000_000, 1_000);
  }

  /** The last message, or the one with this text. */
  async acknowledge(text?: string): Promise<void> {
    await this.#session.client.call("acknowledge", this.#lane, {
      consumer: this.#name,
      ...(text === undefined ? {} : { text }),
    });
  }

  /** As a destination: where the last message wants its answer. */
  get replyTo(): string {
    return `reply:${this.#name}`;
  }

  async close(): Promise<void> {
    await this.#session.client.call("close", this.#lane, { name: this.#name });
  }
}

export class JavaStream {
  readonly #client: JavaClient;
  readonly #name: string;
  readonly #over: Promise<StreamResult>;

  constructor(client: JavaClient, name: string, over: Promise<StreamResult>) {
    this.#client = client;
    this.#name = name;
    this.#over = over;
    // Whoever halts it hears of it.
    over.catch(() => undefined);
  }

  /** Messages confirmed so far. */
  async progress(): Promise<number> {
    return (await this.#client.call("progress", "streams", { stream: this.#name })) as number;
  }

  /** Resolves once `count` more messages are confirmed than when it was called. */
  async goesOn(count = 20): Promise<void> {
    const from = await this.progress();
    while ((await this.progress()) < from + count) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async halt(): Promise<StreamResult> {
    await this.#client.call("halt", "streams", { stream: this.#name });
    return await this.#over;
  }
}
