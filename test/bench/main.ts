import { runningBroker, startPair, startSingle } from "./brokers.ts";
import { table, type Figure } from "./figures.ts";
import { machineLimits, machineText } from "./machine.ts";
import { blackout, endToEnd, fullScale, quickScale, startAndMemory, throughput } from "./parts.ts";

const usage = `npm run bench [-- --quick] [-- --activemq PORT]
  --quick            fewer and shorter runs
  --activemq PORT    the same load also against the broker that runs there and speaks STOMP
  --json             lines of JSON only, without the table
`;

/**
 * Measures a pair against one broker of the same kind and against what the machine can do. Ratios of figures of one
 * run count; figures of two machines, or of a busy one, do not compare.
 */
export async function main(args: readonly string[]): Promise<number> {
  const activemqPort = valueOf(args, "--activemq");
  const unknown = args.filter((arg) => !["--quick", "--json", "--activemq", activemqPort].includes(arg));
  if (unknown.length > 0 || activemqPort === "") {
    process.stderr.write(usage);
    return 2;
  }
  const scale = args.includes("--quick") ? quickScale : fullScale;
  const figures: Figure[] = [];
  const take = async (measured: Promise<Figure[]>): Promise<void> => {
    for (const figure of await measured) {
      figures.push(figure);
      process.stdout.write(`${JSON.stringify(figure)}\n`);
    }
  };

  await take(machineLimits());
  await take(startAndMemory(scale));
  await take(blackout(scale));
  const activemq = activemqPort === undefined ? [] : [() => runningBroker("activemq", Number(activemqPort))];
  for (const start of [startPair, startSingle, ...activemq]) {
    await take(throughput(start, scale));
    await take(endToEnd(start, scale));
  }
  if (!args.includes("--json")) {
    const at = new Date().toISOString().slice(0, 10);
    process.stdout.write(`\n${at}, ${machineText()}, Node ${process.versions.node}\n\n${table(figures)}\n`);
  }
  return 0;
}

/** What follows a flag; `undefined` without the flag, empty when nothing follows it. */
function valueOf(args: readonly string[], flag: string): string | undefined {
  const at = args.indexOf(flag);
  return at === -1 ? undefined : (args[at + 1] ?? "");
}
