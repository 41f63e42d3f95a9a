import { commandLine } from "../base/command-line.ts";
import { BrokerError } from "../base/errors.ts";
import type { BrokerConfiguration } from "../config/configuration.ts";
import { HostedBroker } from "./broker.ts";
import { terminalSupervision } from "./supervision.ts";

/**
 * Runs one broker in this process until it is told to end by SIGINT or SIGTERM, or ends by itself. Resolves with the
 * exit code. Throws what is wrong with its store, and CONFIGURATION_INVALID for the guarded profile without an arbiter.
 */
export async function runBroker(configuration: BrokerConfiguration): Promise<number> {
  if (configuration.profile === "guarded") {
    throw new BrokerError("CONFIGURATION_INVALID", {
      file: configuration.name,
      position: "",
      detail: `a broker run alone has nobody to grant it to serve, so it can only be of the classic profile; say --profile classic, or run the pair: ${commandLine("up")}`,
    });
  }
  const broker = new HostedBroker(configuration, terminalSupervision);
  const stop = (): void => broker.stop(false);
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  broker.start();
  const exitCode = await broker.ended;
  process.off("SIGINT", stop);
  process.off("SIGTERM", stop);
  return exitCode;
}
