import { expect, onTestFailed, onTestFinished, test } from "vitest";
import { startLanes, lanesProgress, stopLanes } from "./lanes.ts";
import { Pair } from "./pair.ts";
import { eventually } from "./program.ts";
import { passingOf, seededRandom } from "./random.ts";
import { followAdvice } from "./restoring.ts";
import type { TrafficFigures } from "./traffic.ts";

/** All that is asked of the pair: `UNDERSTUDY_KILLS=200 npm run process campaign`. */
const killCount = Number(process.env["UNDERSTUDY_KILLS"] ?? 12);
const trafficMs = Number(process.env["UNDERSTUDY_TRAFFIC_SECONDS"] ?? 1) * 1_000;

const random = seededRandom("kill campaign");
const below = (limit: number): number => Math.floor(limit * random());

type Kind = "single" | "double" | "supervisor" | "everything" | "in recovery";
const killed: Record<Kind, number> = { single: 0, double: 0, supervisor: 0, everything: 0, "in recovery": 0 };
const sum: TrafficFigures = { confirmed: 0, lost: 0, flagged: 0, unflagged: 0, sentAgain: 0 };
const totalOf = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

/** SIGKILL, where there is still a process to kill. */
function kill(kind: Kind, ...pids: readonly (number | null)[]): void {
  for (const pid of pids) {
    try {
      if (pid === null) continue;
      process.kill(pid, "SIGKILL");
      killed[kind] += 1;
    } catch {
      // It has just ended by itself.
    }
  }
}

/** Kills brokers; resolves once the supervisor has seen it, so that what it says from then on is said after it. */
async function killBrokers(pair: Pair, kind: Kind, ...pids: readonly (number | null)[]): Promise<void> {
  kill(kind, ...pids);
  await pair.becomes(
    ({ primary, replica }) => !pids.includes(primary.pid ?? 0) && !pids.includes(replica.pid ?? 0),
    `end of ${pids.join(", ")}`,
  );
}

/** What a round does to a protected pair under traffic; returns the supervisor that runs then, perhaps a new one. */
type Round = (pair: Pair) => Promise<Pair>;

const restarted = async (pair: Pair): Promise<Pair> => {
  await pair.ended;
  return await Pair.start({ data: pair.data, ports: pair.ports });
};

async function pidsOf(pair: Pair): Promise<{ active: number | null; standby: number | null }> {
  const { primary, replica } = await pair.view();
  const [active, standby] = replica.state === "active" ? [replica, primary] : [primary, replica];
  return { active: active.pid, standby: standby.pid };
}

const rounds: Readonly<Record<string, Round>> = {
  "the active broker": async (pair) => {
    await killBrokers(pair, "single", (await pidsOf(pair)).active);
    return pair;
  },
  "the standby": async (pair) => {
    await killBrokers(pair, "single", (await pidsOf(pair)).standby);
    return pair;
  },
  "both brokers at once": async (pair) => {
    const { active, standby } = await pidsOf(pair);
    await killBrokers(pair, "double", active, standby);
    return pair;
  },
  "one broker after the other": async (pair) => {
    const { active, standby } = await pidsOf(pair);
    const [first, second] = below(2) === 0 ? [active, standby] : [standby, active];
    kill("double", first);
    await passingOf(300 * random());
    await killBrokers(pair, "double", second);
    return pair;
  },
  "the supervisor": async (pair) => {
    kill("supervisor", pair.supervisorPid);
    return await restarted(pair);
  },
  "the supervisor and both brokers at once": async (pair) => {
    const { active, standby } = await pidsOf(pair);
    kill("everything", pair.supervisorPid, active, standby);
    return await restarted(pair);
  },
  "somebody during a recovery": async (pair) => {
    const { active } = await pidsOf(pair);
    await killBrokers(pair, "in recovery", active);
    await pair.isProtection("unprotected");
    await pair.control.startRecovery({});
    await passingOf(700 * random());
    const { primary, replica } = await pair.view();
    const victim = [primary.pid, replica.pid][below(3)] ?? pair.supervisorPid;
    const isSupervisor = victim === pair.supervisorPid;
    if (isSupervisor) kill("in recovery", victim);
    else await killBrokers(pair, "in recovery", victim);
    return isSupervisor ? await restarted(pair) : pair;
  },
};

function summary(): string {
  const kinds = Object.entries(killed).map(([kind, count]) => `${count} ${kind}`);
  const { confirmed, lost, flagged, unflagged, sentAgain } = sum;
  return (
    `kills: ${totalOf(killed)} (${kinds.join(", ")}): confirmed ${confirmed.toLocaleString("en")}, lost ${lost}, ` +
    `duplicated and flagged ${flagged}, unflagged ${unflagged}, sent again by their producer ${sentAgain}\n`
  );
}

test(
  `${killCount} kills of brokers and supervisor under traffic lose, reorder, tear and hide nothing`,
  { timeout: 60_000 + killCount * 30_000 },
  async () => {
    onTestFinished(() => void process.stdout.write(summary()));
    const story: string[] = [];
    onTestFailed(() => void process.stdout.write(story.join("\n") + "\n"));
    let pair = await Pair.start();

    for (let round = 0; totalOf(killed) < killCount; round += 1) {
      const [name = "", act] = Object.entries(rounds)[round % Object.keys(rounds).length] ?? [];
      // On one machine what a process wrote outlives it; what a slow link still holds does not, as between two machines.
      const delayMs = round % 2 === 0 ? 5 + below(25) : 0;
      await pair.control.setLink(delayMs === 0 ? { mode: "heal" } : { mode: "delay", delayMs });
      const lanes = startLanes(pair.ports);
      await lanesProgress(lanes);
      const afterMs = Math.round(trafficMs * random());
      await passingOf(afterMs);

      pair = (await act?.(pair)) ?? pair;
      const advice = await followAdvice(pair);
      story.push(
        `round ${round + 1}: ${name} after ${afterMs} ms, link delayed by ${delayMs} ms; then: ${advice.join(", ")}`,
      );
      await lanesProgress(lanes);
      await stopLanes(lanes);

      for (const { traffic } of lanes) add(traffic.figures());
      expect(
        lanes.flatMap(({ traffic }) => traffic.problems()),
        name,
      ).toEqual([]);
      expect(
        pair.events.filter((event) => event["protection"] === "split"),
        name,
      ).toEqual([]);
      await isDrained(pair);
      for (const lane of lanes) lane.stopConsuming();
      await pair.control.removeKept({}).catch(() => undefined);
    }
  },
);

function add(figures: TrafficFigures): void {
  for (const name of Object.keys(sum) as (keyof TrafficFigures)[]) sum[name] += figures[name];
}

/** Nothing is left, neither waiting nor in anyone's hands. */
async function isDrained(pair: Pair): Promise<void> {
  await eventually(async () => {
    const { destinations } = await pair.control.listDestinations({});
    return destinations.every(({ depth, inFlight }) => depth === 0 && inFlight === 0) || undefined;
  }, "empty queues");
}
