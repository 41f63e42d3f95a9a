import { activemqStarter, startPair, startSingle } from "./brokers.ts";
import { crowd, type CrowdScale } from "./crowd.ts";
import { failovers, type FailoverScale } from "./failover.ts";
import { table, type Figure } from "./figures.ts";
import { machineLimits, machineText } from "./machine.ts";
import { openwireRates } from "./openwire.ts";
import { rates, type RateScale } from "./rates.ts";
import { storedMessages, type StoredScale } from "./stored.ts";

const usage = `npm run bench [-- --quick] [-- --only PART,PART] [-- --json | --line]
  --quick       fewer and shorter runs
  --only PARTS  some of: machine, rates, openwire, blackout, stored, crowd
  --json        lines of JSON only, without the table
  --line        only a few rates of the pair, in one line: for the log of a test run
`;

interface Scale {
  readonly rates: RateScale;
  readonly blackout: FailoverScale;
  readonly stored: StoredScale;
  readonly crowd: CrowdScale;
}

const fullScale: Scale = {
  rates: { warmUpMs: 1_000, measureMs: 2_000, rounds: 5 },
  blackout: { kills: 20, clientCounts: [1, 500], storedCounts: [0, 1_000_000], heldCounts: [100_000] },
  stored: { starts: 5, storedCount: 1_000_000, measureMs: 3_000 },
  crowd: { queues: 10_000, connections: 2_000, measureMs: 3_000 },
};

const quickScale: Scale = {
  rates: { warmUpMs: 700, measureMs: 1_000, rounds: 1 },
  blackout: { kills: 2, clientCounts: [1], storedCounts: [0, 1_000_000], heldCounts: [10_000] },
  stored: { starts: 2, storedCount: 20_000, measureMs: 1_000 },
  crowd: { queues: 500, connections: 100, measureMs: 1_000 },
};

const partNames = ["machine", "rates", "openwire", "blackout", "stored", "crowd"] as const;

/**
 * Measures a pair against one broker of the same kind, against one ActiveMQ where that is installed, and against what
 * the machine can do. Ratios of figures of one run count; figures of two machines, or of a busy one, do not compare.
 */
export async function main(args: readonly string[]): Promise<number> {
  const wanted = wantedParts(args);
  if (wanted === null) {
    process.stderr.write(usage);
    return 2;
  }
  const scale = args.includes("--quick") ? quickScale : fullScale;
  if (args.includes("--line")) return await oneLine();
  const activemq = activemqStarter();
  if (activemq === null)
    process.stderr.write(
      "ActiveMQ is not installed (Debian: default-jdk-headless activemq): not compared.\n",
    );
  const parts: Record<(typeof partNames)[number], () => Promise<Figure[]>> = {
    machine: machineLimits,
    rates: () => rates([startPair, startSingle, ...(activemq === null ? [] : [activemq.start])], scale.rates),
    // Needs the real client, which comes with the real broker.
    openwire: () =>
      activemq === null
        ? Promise.resolve([])
        : openwireRates(activemq.java, [startPair, activemq.start], scale.rates),
    blackout: () => failovers(scale.blackout),
    stored: () => storedMessages(scale.stored),
    crowd: () => crowd(scale.crowd),
  };
  const figures: Figure[] = [];
  for (const name of wanted) {
    for (const figure of await parts[name]()) {
      figures.push(figure);
      process.stdout.write(`${JSON.stringify(figure)}\n`);
    }
  }
  activemq?.cleanUp();
  if (!args.includes("--json")) {
    const at = new Date().toISOString().slice(0, 10);
    process.stdout.write(`\n${at}, ${machineText()}, Node ${process.versions.node}\n\n${table(figures)}\n`);
  }
  return 0;
}

/** Rates that say whether something has become much slower, not how fast it is. */
async function oneLine(): Promise<number> {
  const figures = await rates([startPair], { warmUpMs: 500, measureMs: 1_000, rounds: 1 });
  const words = figures
    .filter(({ unit }) => unit === "msg/s")
    .map(({ what, value }) => `${what}: ${Math.round(value)}/s`);
  process.stdout.write(`bench, pair, 1 KiB: ${words.join("; ")}\n`);
  return 0;
}

/** `null` for arguments that make no sense. */
function wantedParts(args: readonly string[]): readonly (typeof partNames)[number][] | null {
  const at = args.indexOf("--only");
  const list = at === -1 ? null : (args[at + 1] ?? "").split(",");
  const rest = args.filter(
    (arg, index) =>
      !["--quick", "--json", "--line"].includes(arg) && (at === -1 || (index !== at && index !== at + 1)),
  );
  if (rest.length > 0) return null;
  if (list === null) return partNames;
  const wanted = partNames.filter((name) => list.includes(name));
  return wanted.length === list.length ? wanted : null;
}
