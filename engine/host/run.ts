import { assert } from "../base/assert.ts";
import type { BrokerConfiguration } from "../config/configuration.ts";
import { HostedBroker } from "./broker.ts";
import type { Supervision } from "./supervision.ts";

/**
 * Runs one broker in this process until it is told to end by SIGINT or SIGTERM, or ends by itself. Resolves with the
 * exit code. Throws what is wrong with its store. The configuration is of the classic profile: nobody is there to grant.
 */
export async function runBroker(
  configuration: BrokerConfiguration,
  supervision: Supervision,
): Promise<number> {
  assert(configuration.profile === "classic", "a broker run alone has nobody to grant it to serve");
  const broker = new HostedBroker(configuration, supervision);
  const stop = (): void => broker.stop(false);
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  broker.start();
  const exitCode = await broker.ended;
  process.off("SIGINT", stop);
  process.off("SIGTERM", stop);
  return exitCode;
}
