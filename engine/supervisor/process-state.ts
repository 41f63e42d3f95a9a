import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Whether the process is stopped (SIGSTOP), as the operating system sees it; `false` when it is gone or unknown. */
export function isStopped(pid: number): boolean {
  if (process.platform === "win32") return false;
  try {
    if (process.platform === "linux") {
      // The state follows the command name, which is in parentheses and may hold any character.
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      return stat.charAt(stat.lastIndexOf(")") + 2) === "T";
    }
    return execFileSync("ps", ["-o", "stat=", "-p", String(pid)], {
      encoding: "latin1",
      timeout: 1_000,
    }).startsWith("T");
  } catch {
    return false;
  }
}
