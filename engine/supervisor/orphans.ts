import { isRunning, type ProcessIdentity } from "../host/process-identity.ts";
import { stopTimeoutMs } from "./broker-process.ts";
import { isStopped } from "./process-state.ts";

const pollMs = 20;
const killedTimeoutMs = 2_000;

/**
 * Resolves when the brokers of a killed supervisor are gone: until then they hold their ports and stores. They stop in
 * order when their supervisor's end of the channel closes. One that is frozen, or does not come to an end, is killed,
 * which costs nothing that was confirmed; where it cannot be told for certain from another process it is let be.
 */
export async function endOfOrphans(orphans: readonly ProcessIdentity[]): Promise<void> {
  const startedAt = performance.now();
  const killed = new Set<ProcessIdentity>();
  for (;;) {
    const left = orphans.filter(isRunning);
    const waitedMs = performance.now() - startedAt;
    if (left.length === 0 || waitedMs > stopTimeoutMs + killedTimeoutMs) return;
    for (const orphan of left) {
      if (killed.has(orphan) || orphan.startedAt === "") continue;
      if (waitedMs < stopTimeoutMs && !isStopped(orphan.pid)) continue;
      killed.add(orphan);
      kill(orphan.pid);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended just now, or it is another user's.
  }
}
