import { asInstant, asWallTime } from "../../engine/base/units.ts";
import type { Moment } from "../../engine/base/units.ts";
import type { SessionAnswer, SessionRequest } from "../../engine/core/dialogue.ts";
import type { Session, SessionContext, SessionPort } from "../../engine/session/session.ts";

export const sessionContext: SessionContext = {
  brokerName: "primary",
  version: "0.1.0",
  url: "tcp://127.0.0.1:61616",
  connectionName: "c1-7",
  authenticate: (login, passcode) => login !== "guest" || passcode === "secret",
};

/** What surrounds a session under test: the node behind it, its connection and its clock, all played by the test. */
export abstract class SessionStage<Frame> {
  abstract readonly session: Session;
  /** What the session asked, oldest first. */
  readonly asked: { request: SessionRequest; number: number }[] = [];
  /** What the client received. */
  readonly frames: Frame[] = [];
  isEnded = false;
  wakeAt: number | null = null;
  #nowMs = 1_000;

  get now(): Moment {
    return { monotonic: asInstant(this.#nowMs), wall: asWallTime(1_700_000_000_000 + this.#nowMs) };
  }

  nodeSays(answer: SessionAnswer): void {
    this.session.answer(answer, this.now);
  }

  /** Lets time pass, waking the session at each moment that it asked for. */
  passes(ms: number): void {
    const until = this.#nowMs + ms;
    while (this.wakeAt !== null && this.wakeAt <= until) {
      this.#nowMs = Math.max(this.#nowMs, this.wakeAt);
      this.#wake();
    }
    this.#nowMs = until;
  }

  /** Time passes while the process does not run; then it is woken, late. */
  standsStill(ms: number): void {
    this.#nowMs += ms;
    this.#wake();
  }

  get requests(): SessionRequest[] {
    return this.asked.map(({ request }) => request);
  }

  takeFrames(): Frame[] {
    return this.frames.splice(0);
  }

  /** `decode` is given what the session writes. */
  protected portTo(decode: (bytes: Uint8Array) => void): SessionPort {
    return {
      ask: (request, number) => this.asked.push({ request, number }),
      write: (bytes) => {
        if (this.isEnded) throw new Error("written after the end");
        decode(bytes);
      },
      end: () => {
        if (this.isEnded) throw new Error("ended twice");
        this.isEnded = true;
      },
      wakeAt: (at) => (this.wakeAt = at),
    };
  }

  #wake(): void {
    this.wakeAt = null;
    this.session.wake(this.now);
  }
}
