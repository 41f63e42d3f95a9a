import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { onTestFinished } from "vitest";

/** A small file system of its own, in memory, in a directory of the test's. */
export interface SmallDisk {
  readonly directory: string;
  /** Changes its size, or whether it can be written. */
  remount(options: string): void;
}

/**
 * Mounts one that is gone after the test. Where that is not permitted it says why, for the test to be skipped with:
 * that takes root on Linux, in a container that may mount.
 */
export function smallDisk(directory: string, sizeBytes: number): SmallDisk | string {
  mkdirSync(directory, { recursive: true });
  if (process.platform !== "linux") return "only Linux has the file system that this needs";
  const failure = run("mount", "-t", "tmpfs", "-o", `size=${sizeBytes},mode=700`, "tmpfs", directory);
  if (failure !== null) return `a file system cannot be mounted here: ${failure}`;
  onTestFinished(() => void run("umount", "--lazy", directory));
  return {
    directory,
    remount: (options) => {
      const problem = run("mount", "-o", `remount,${options}`, directory);
      if (problem !== null) throw new Error(problem);
    },
  };
}

function run(command: string, ...args: readonly string[]): string | null {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? null : stderr.trim() || (error?.message ?? `${command} failed`);
}
