import { commandLine } from "../base/command-line.ts";
import { byteSize, clockTime, counted, duration } from "../base/words.ts";
import type { TimelineEvent } from "../control/events.ts";
import type { BrokerView, PairView, RecoveryView } from "../control/views.ts";
import { inSamePlace, type CommonOptions } from "./command.ts";

export function eventText(event: TimelineEvent): string {
  return `${clockTime(event.at)}  ${event.text}\n`;
}

/** An event as one line of JSON begins with what it is: `{"event":"promoted","id":12,...}`. */
export function eventJson({ kind, id, at, ...rest }: TimelineEvent): string {
  return `${JSON.stringify({ event: kind, id, at, ...rest })}\n`;
}

export function pairText(pair: PairView, options: CommonOptions): string {
  const { link } = pair;
  const lag =
    link.lagEntries === 0
      ? ""
      : `, ${counted(link.lagEntries, "entry", "entries")} (${duration(link.lagMs)}) behind`;
  const lines = [
    `${capitalised(pair.protection)}. ${pair.sentence}`,
    "",
    brokerText(pair.primary),
    brokerText(pair.replica),
    `  link     ${linkText(link)}, ${link.attached ? "standby attached" : "no standby attached"}${lag}`,
    "",
    `  clients  ${pair.failoverUri}`,
    `  control  ${pair.controlUrl}`,
    `  data     ${pair.dataDirectory}`,
    ...pair.nextActions.flatMap(({ label, explanation, cli }) => [
      "",
      `  ${label}: ${explanation}`,
      `    ${inSamePlace(cli, options)}`,
    ]),
  ];
  return `${lines.join("\n")}\n`;
}

function linkText({ mode, delayMs }: PairView["link"]): string {
  if (mode === "delay") return `delayed by ${duration(delayMs)} each way`;
  return mode === "heal" ? "whole" : mode;
}

export function brokerText(broker: BrokerView): string {
  const process = broker.pid === null ? "no process" : `pid ${broker.pid}`;
  const reason = broker.reason === null ? "" : ` (${broker.reason})`;
  const { storedMessages, scheduledMessages } = broker;
  const scheduled = scheduledMessages === 0 ? "" : `, ${scheduledMessages} scheduled`;
  return `  ${broker.node}  ${broker.state.padEnd(11)} 127.0.0.1:${broker.port}  ${process}  entry ${broker.op}, ${messageCount(storedMessages)}${scheduled}${reason}`;
}

/** How far the recovery copy is, in a line without its end. */
export function recoveryProgress(recovery: RecoveryView): string {
  const step = recovery.steps.find(({ state }) => state === "running");
  if (step === undefined) return recovery.state;
  if (step.name !== "copy" || recovery.totalBytes === 0)
    return `${step.label}${step.detail === "" ? "" : `: ${step.detail}`}`;
  const rate = recovery.bytesPerSecond > 0 ? ` at ${byteSize(recovery.bytesPerSecond)}/s` : "";
  return `${step.label}: ${byteSize(recovery.copiedBytes)} of ${byteSize(recovery.totalBytes)}${rate}`;
}

export function recoveryText(recovery: RecoveryView, options: CommonOptions): string {
  const lines: string[] = [];
  for (const { label, state, detail } of recovery.steps)
    lines.push(`  ${state.padEnd(8)} ${label}${detail === "" ? "" : `: ${detail}`}`);
  if (recovery.kept !== null) {
    const { directory, bytes, node } = recovery.kept;
    lines.push(`The ${node}'s replaced store (${byteSize(bytes)}) is kept in ${directory}.`);
    lines.push(`  To put it back:  ${inSamePlace(commandLine("recover", "--undo"), options)}`);
    lines.push(`  To delete it:    ${inSamePlace(commandLine("recover", "--remove-kept"), options)}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

export function capitalised(text: string): string {
  return `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}`;
}

export function messageCount(count: number): string {
  return counted(count, "message");
}
