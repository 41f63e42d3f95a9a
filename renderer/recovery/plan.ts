import type { NodeName, RecoveryView } from "../../engine/control/views.ts";

/** What the recovery panel is about now. The copy itself runs in the supervisor and goes on if the window closes. */
export type Plan =
  | { kind: "closed" }
  | { kind: "checking" }
  | {
      kind: "ready";
      preflight: NonNullable<RecoveryView["preflight"]>;
      from: NodeName | null;
      to: NodeName | null;
    }
  | { kind: "following" }
  | { kind: "failed"; reason: string };
