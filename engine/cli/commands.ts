import type { CommandModule } from "./command.ts";

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loads the command's file, and with it only what this command needs. */
  load(): Promise<CommandModule>;
}

/** Every command, in the order of the help page. A new one is a file and a line here. */
export const commands: readonly CommandEntry[] = [
  { name: "up", summary: "run a pair until told to stop", load: () => import("./up.ts") },
  {
    name: "broker",
    summary: "run one broker alone, as half of a pair on two hosts",
    load: () => import("./broker.ts"),
  },
  { name: "status", summary: "show the pair", load: () => import("./status.ts") },
  { name: "start", summary: "start a broker", load: () => import("./act.ts") },
  { name: "stop", summary: "stop a broker in order", load: () => import("./act.ts") },
  { name: "kill", summary: "kill a broker at once (SIGKILL)", load: () => import("./act.ts") },
  { name: "freeze", summary: "freeze a broker (SIGSTOP)", load: () => import("./act.ts") },
  { name: "thaw", summary: "let a frozen broker go on (SIGCONT)", load: () => import("./act.ts") },
  { name: "promote", summary: "let a standby take over", load: () => import("./act.ts") },
  {
    name: "link",
    summary: "cut, heal, half-open or delay the replication link",
    load: () => import("./link.ts"),
  },
  {
    name: "recover",
    summary: "bring a failed broker back by the recovery copy",
    load: () => import("./recover.ts"),
  },
  { name: "send", summary: "send messages", load: () => import("./send.ts") },
  { name: "receive", summary: "take messages off a queue", load: () => import("./receive.ts") },
  {
    name: "browse",
    summary: "look at a queue's messages without taking them",
    load: () => import("./browse.ts"),
  },
  { name: "purge", summary: "delete a queue's waiting messages", load: () => import("./purge.ts") },
  {
    name: "clients",
    summary: "list the pair's clients and their stories",
    load: () => import("./clients.ts"),
  },
  { name: "events", summary: "follow the timeline", load: () => import("./events.ts") },
  { name: "doctor", summary: "check what a pair needs on this machine", load: () => import("./doctor.ts") },
];
