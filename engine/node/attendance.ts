import { limits } from "../base/limits.ts";
import { asInstant, type Instant, type Moment } from "../base/units.ts";
import type { SessionAnswer, SessionRequest } from "../core/dialogue.ts";
import { countAnswer, type ConnectedClient } from "./connected-client.ts";

/**
 * Counts what clients ask and are told, and knows who is about to ask again.
 *
 * Clients that wait for each confirmation before they ask for more fall into two parties: while the batch of one is on
 * its way that of the other gathers, so each batch is half as large as it could be, and costs as much. So a batch waits
 * a moment for those who were answered just now, if they came back as soon as that the last time.
 */
export class Attendance {
  readonly #expected = new Set<ConnectedClient>();
  #until: Instant = asInstant(-Infinity);

  asked(client: ConnectedClient, { kind }: SessionRequest, { monotonic }: Moment): void {
    client.askedCount += 1;
    client.isSending = kind === "send" || kind === "commit";
    if (client.releasedAt !== null) client.isPrompt = monotonic - client.releasedAt <= limits.gatheringMs;
    client.releasedAt = null;
    this.#expected.delete(client);
  }

  answered(client: ConnectedClient, answer: SessionAnswer, { monotonic, wall }: Moment): void {
    countAnswer(client, answer, wall);
    if (!client.isSending || client.answeredCount !== client.askedCount) return;
    client.releasedAt = monotonic;
    if (!client.isPrompt) return;
    this.#expected.add(client);
    this.#until = asInstant(monotonic + limits.gatheringMs);
  }

  /** Whether it is worth waiting for somebody. */
  isGathering({ monotonic }: Moment): boolean {
    if (monotonic >= this.#until) this.#expected.clear();
    return this.#expected.size > 0;
  }
}
