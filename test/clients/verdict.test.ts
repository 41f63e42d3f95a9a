import { expect, test } from "vitest";
import type { LedgerSnapshot } from "../../engine/clients/ledger.ts";
import { verdictOf } from "../../engine/clients/verdict.ts";

const ledger = (numbers: Partial<LedgerSnapshot>): LedgerSnapshot => ({
  confirmed: 0,
  receivedOnce: 0,
  receivedAgain: 0,
  unflaggedRepeats: 0,
  notYet: 0,
  lost: 0,
  takenByOthers: 0,
  removed: 0,
  outOfOrder: 0,
  toTopics: 0,
  acknowledgesAutomatically: false,
  ...numbers,
});

test.each([
  [{}, "Nothing has been confirmed to a built-in producer yet."],
  [{ confirmed: 1, receivedOnce: 1 }, "Of 1 confirmed message 1 was received once, none lost."],
  [
    { confirmed: 12_403, receivedOnce: 12_398, receivedAgain: 5 },
    "Of 12,403 confirmed messages 12,398 were received once, 5 more than once (all flagged), none lost.",
  ],
  [
    { confirmed: 10, receivedAgain: 4, unflaggedRepeats: 1, notYet: 3, takenByOthers: 2, removed: 1 },
    "Of 10 confirmed messages none was received once, 4 more than once (1 of them not flagged), 3 not yet, 2 taken by other consumers, 1 deleted by hand, none lost.",
  ],
  [
    { confirmed: 3, receivedOnce: 1, lost: 2, outOfOrder: 1, acknowledgesAutomatically: true },
    "Of 3 confirmed messages 1 was received once, 2 LOST. 1 arrived out of order. A consumer acknowledges automatically: what was on its way to it when the broker died counts as consumed.",
  ],
  [
    { toTopics: 7 },
    "Nothing has been confirmed to a built-in producer yet. 7 sent to topics are not counted: a topic keeps nothing for those who are away.",
  ],
])("%o", (numbers, sentence) => {
  expect(verdictOf(ledger(numbers))).toBe(sentence);
});
