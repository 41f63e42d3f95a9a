import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { identityOf, identityText, isRunning } from "../../engine/host/process-identity.ts";
import { openDataDirectory } from "../../engine/supervisor/data-directory.ts";
import { endOfOrphans } from "../../engine/supervisor/orphans.ts";

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "understudy-directory-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A process that does nothing until its standard input ends. */
function bystander(): ChildProcess & { pid: number } {
  const child = spawn("cat", { stdio: ["pipe", "ignore", "ignore"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child as ChildProcess & { pid: number };
}

async function gone(): Promise<string> {
  const child = bystander();
  const identity = identityText(identityOf(child.pid));
  child.kill("SIGKILL");
  await once(child, "exit");
  return identity;
}

const lockOf = (directory: string): string => join(directory, "supervisor.pid");

test("a directory is taken once, and can be taken again when it was released", () => {
  const directory = newDirectory();
  const first = openDataDirectory(directory);
  expect(() => openDataDirectory(directory)).toThrow("is in use by another process");
  first.noteBrokers([process.pid]);
  expect(() => openDataDirectory(directory)).toThrow("is in use by another process");

  first.release();

  expect(openDataDirectory(directory).orphans).toEqual([]);
  expect(readdirSync(directory)).toEqual(["supervisor.pid"]);
});

test("the lock of a process that is gone is void, and its brokers that still run are named", async () => {
  const directory = newDirectory();
  const broker = bystander();
  writeFileSync(
    lockOf(directory),
    `${await gone()}\n${await gone()}\n${identityText(identityOf(broker.pid))}\n`,
  );

  const taken = openDataDirectory(directory);

  expect(taken.orphans).toEqual([identityOf(broker.pid)]);
  // The next owner must know of them as well, should this one be killed before they are gone.
  expect(readFileSync(lockOf(directory), "utf8").trim().split("\n")).toEqual([
    identityText(identityOf(process.pid)),
    identityText(identityOf(broker.pid)),
  ]);
});

test("a lock whose process number went to another process since is void", () => {
  const directory = newDirectory();
  writeFileSync(lockOf(directory), `${process.pid} 1\n`);
  const isTold = identityOf(process.pid).startedAt !== "";
  if (isTold) expect(() => openDataDirectory(directory)).not.toThrow();
});

test("of many processes that find a void lock at the same moment one gets the directory", async () => {
  const directory = newDirectory();
  writeFileSync(lockOf(directory), `${await gone()}\n`);
  const source = `
    import { openDataDirectory } from ${JSON.stringify(new URL("../../engine/supervisor/data-directory.ts", import.meta.url))};
    process.stdin.once("data", () => {
      try { openDataDirectory(${JSON.stringify(directory)}); console.log("mine"); } catch { console.log("theirs"); }
    }).once("end", () => process.exit());
    console.log("ready");`;
  const contenders = Array.from({ length: 6 }, () => {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    return child;
  });
  const says = async ({ stdout }: (typeof contenders)[number]): Promise<string> => {
    const [chunk] = (await once(stdout, "data")) as [Buffer];
    return chunk.toString().trim();
  };
  await Promise.all(contenders.map(says));

  const answers = contenders.map(says);
  for (const { stdin } of contenders) stdin.write("go\n");

  expect((await Promise.all(answers)).sort()).toEqual(["mine", ...Array<string>(5).fill("theirs")]);
});

test("a process that has ended and was not buried does not run", async () => {
  if (process.platform !== "linux") return;
  // The shell becomes a program that never asks what became of its child, which ends only once it has.
  const script = '(while [ "$(cat /proc/$$/comm)" = sh ]; do :; done) & echo $!; exec cat';
  const parent = spawn("sh", ["-c", script], { stdio: ["pipe", "pipe", "ignore"] });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const [chunk] = (await once(parent.stdout, "data")) as [Buffer];
  const child = identityOf(Number(chunk.toString()));
  await expect.poll(() => isRunning(child)).toBe(false);
  expect(() => process.kill(child.pid, 0)).not.toThrow();
});

test("orphans are waited for, and one that is frozen is killed", async () => {
  const [ending, frozen] = [bystander(), bystander()];
  frozen.kill("SIGSTOP");
  const exits = Promise.all([once(ending, "exit"), once(frozen, "exit")]);
  let isOver = false;
  const wait = endOfOrphans([identityOf(ending.pid), identityOf(frozen.pid)]).then(() => (isOver = true));
  await once(frozen, "exit");
  expect(isOver).toBe(false);

  ending.stdin?.end();
  await wait;

  expect(await exits).toEqual([
    [0, null],
    [null, "SIGKILL"],
  ]);
});

test("a directory is made with those above it, for its owner only", () => {
  const path = join(newDirectory(), "a", "b");

  openDataDirectory(path);

  expect(statSync(join(path, "..")).mode & 0o777).toBe(0o700);
});

test("a file in the way is named", () => {
  const file = join(newDirectory(), "file");
  writeFileSync(file, "");

  expect(() => openDataDirectory(file)).toThrow(`${file} is there already, and is no directory`);
  expect(() => openDataDirectory(join(file, "data"))).toThrow(
    `${file} is there already, and is no directory`,
  );
});

test.skipIf(process.platform !== "linux")(
  "a file system that takes no directories is an error, not an endless attempt",
  () => {
    expect(() => openDataDirectory("/proc/understudy/data")).toThrow("/proc takes no new directories");
  },
);
