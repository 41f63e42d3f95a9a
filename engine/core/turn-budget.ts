import { limits } from "../base/limits.ts";

/** What is left to be done in this turn; the rest waits for the next, so that others are served in between. */
export interface TurnBudget {
  /** Messages that selectors look at; looking at one may read it from the disk. */
  looks: number;
  /** Messages that waited and whose time is over. */
  expiries: number;
  /** Messages handed out, or set aside on that occasion as their time is over. */
  deliveries: number;
  /** Copies for subscribers of topics and for browsers. */
  copies: number;
}

export function newTurnBudget(): TurnBudget {
  return {
    looks: limits.selectorLooksPerTurnMax,
    expiries: limits.expiredPerTurnMax,
    deliveries: limits.deliveredPerTurnMax,
    copies: limits.copiesPerTurnMax,
  };
}
