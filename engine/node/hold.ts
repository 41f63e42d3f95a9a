import { limits } from "../base/limits.ts";
import type { Moment } from "../base/units.ts";
import type { Attendance } from "./attendance.ts";
import type { StandbyFeed } from "./feed.ts";
import type { RoleContext } from "./role.ts";

/** Whether the few entries that were made since the last batch wait for more, to go to disk and standby together. */
export function isBatchHeld(
  { history, emit }: RoleContext,
  feed: StandbyFeed | null,
  attendance: Attendance,
  now: Moment,
): boolean {
  const { batchBytes } = history;
  if (feed?.isLevel !== true || batchBytes === 0 || batchBytes >= limits.heldBatchBytesMax) return false;
  // The standby could begin with another batch only when it is done with the one it has, and it says so then.
  if (feed.isBusy) return true;
  if (!attendance.isGathering(now)) return false;
  emit({ kind: "go-on", afterMs: limits.gatheringMs });
  return true;
}
