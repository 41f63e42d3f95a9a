/** What a sabotage may do at this boundary; each is a lie that the real host must never tell. */
export interface HostLies {
  /** Who says `journalled` before the disk has finished. */
  readonly journalledEarly: "nobody" | "standby" | "active";
  /** Grants itself what the arbiter denies. */
  readonly ignoresDenials: boolean;
  /** Takes clients' sends twice, in another order, or not at all although it confirms them. */
  readonly requests: "whole" | "doubled" | "swapped" | "partly lost";
  /** Does not tell the node that a connection has ended. */
  readonly forgetsClosed: boolean;
  /** Forgets, when it becomes active, that messages were delivered before. */
  readonly forgetsDeliveries: boolean;
}
