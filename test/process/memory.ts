import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** Memory of a process, now and at its highest since {@link forgetPeak}; Linux tells. */
export function memory(pid: number): { now: number; peak: number } {
  const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
  const bytes = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1_024;
  return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
}

export function forgetPeak(pid: number): void {
  if (existsSync(`/proc/${pid}/clear_refs`)) writeFileSync(`/proc/${pid}/clear_refs`, "5");
}
