import type { BrokerState, Protection } from "../../engine/control/views.ts";
import type { Shape, Tone } from "../shared/shapes.ts";

/** How a state looks as a mark: the form tells it apart, the tone only repeats. */
export interface Sign {
  readonly shape: Shape;
  readonly tone: Tone;
}

export const brokerSigns: Readonly<Record<BrokerState, Sign>> = {
  active: { shape: "disc", tone: "accent" },
  standby: { shape: "half", tone: "accent" },
  blocked: { shape: "half", tone: "caution" },
  starting: { shape: "dots", tone: "quiet" },
  stopped: { shape: "square", tone: "quiet" },
  "shut down": { shape: "square", tone: "quiet" },
  fenced: { shape: "ring", tone: "caution" },
  frozen: { shape: "bars", tone: "caution" },
  "out of sync": { shape: "triangle", tone: "caution" },
  killed: { shape: "cross", tone: "damage" },
};

export const protectionSigns: Readonly<Record<Protection, Sign & { word: string }>> = {
  protected: { shape: "disc", tone: "accent", word: "Protected" },
  syncing: { shape: "dots", tone: "accent", word: "Syncing" },
  unprotected: { shape: "triangle", tone: "caution", word: "Unprotected" },
  split: { shape: "split", tone: "damage", word: "Split" },
  down: { shape: "cross", tone: "damage", word: "Down" },
};

export type BrokerAction = "kill" | "freeze" | "thaw" | "stop" | "start" | "promote";

/** Which actions make sense in a state; the supervisor has the last word. */
export function isOffered(action: BrokerAction, state: BrokerState): boolean {
  const isDead = state === "stopped" || state === "shut down" || state === "killed";
  switch (action) {
    case "start":
      return isDead;
    case "thaw":
      return state === "frozen";
    case "freeze":
      return !isDead && state !== "frozen";
    case "kill":
      return !isDead;
    case "stop":
      return !isDead && state !== "frozen";
    case "promote":
      return state === "standby" || state === "fenced" || state === "out of sync";
  }
}
