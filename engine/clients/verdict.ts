import type { LedgerSnapshot } from "./ledger.ts";

/**
 * The ledger in plain words: "Of 12,403 confirmed messages 12,398 were received once, 5 more than once (all flagged),
 * none lost."
 */
export function verdictOf(ledger: LedgerSnapshot): string {
  if (ledger.confirmed === 0)
    return `Nothing has been confirmed to a built-in producer yet.${topicSentence(ledger)}`;
  const subject =
    ledger.confirmed === 1 ? "Of 1 confirmed message" : `Of ${number(ledger.confirmed)} confirmed messages`;
  const parts = [
    `${wereOrNone(ledger.receivedOnce)} received once`,
    ...repeatParts(ledger),
    ...otherParts(ledger),
    lostPart(ledger),
  ];
  return [
    `${subject} ${parts.join(", ")}.`,
    orderSentence(ledger),
    automaticSentence(ledger),
    topicSentence(ledger),
  ].join("");
}

function repeatParts(ledger: LedgerSnapshot): string[] {
  if (ledger.receivedAgain === 0) return [];
  const flags =
    ledger.unflaggedRepeats === 0
      ? ledger.receivedAgain === 1
        ? "flagged"
        : "all flagged"
      : `${number(ledger.unflaggedRepeats)} of them not flagged`;
  return [`${number(ledger.receivedAgain)} more than once (${flags})`];
}

function otherParts(ledger: LedgerSnapshot): string[] {
  const parts: string[] = [];
  if (ledger.notYet > 0) parts.push(`${number(ledger.notYet)} not yet`);
  if (ledger.takenByOthers > 0) parts.push(`${number(ledger.takenByOthers)} taken by other consumers`);
  if (ledger.removed > 0) parts.push(`${number(ledger.removed)} deleted by hand`);
  return parts;
}

function lostPart(ledger: LedgerSnapshot): string {
  return ledger.lost === 0 ? "none lost" : `${number(ledger.lost)} LOST`;
}

function orderSentence(ledger: LedgerSnapshot): string {
  if (ledger.outOfOrder === 0) return "";
  return ` ${number(ledger.outOfOrder)} arrived out of order.`;
}

function automaticSentence(ledger: LedgerSnapshot): string {
  if (ledger.lost === 0 || !ledger.acknowledgesAutomatically) return "";
  return " A consumer acknowledges automatically: what was on its way to it when the broker died counts as consumed.";
}

function topicSentence(ledger: LedgerSnapshot): string {
  if (ledger.toTopics === 0) return "";
  return ` ${number(ledger.toTopics)} sent to topics ${ledger.toTopics === 1 ? "is" : "are"} not counted: a topic keeps nothing for those who are away.`;
}

const wereOrNone = (count: number): string =>
  count === 0 ? "none was" : `${number(count)} ${count === 1 ? "was" : "were"}`;

const format = new Intl.NumberFormat("en-US");
const number = (value: number): string => format.format(value);
