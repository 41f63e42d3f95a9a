import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { app } from "electron";
import { defaultDirectory } from "../engine/control/default-directory.ts";
import { pairConfiguration, type PairConfiguration } from "../engine/config/configuration.ts";

/** Ports as environment variables: a second app beside the first, and tests, need others than the default; 0 is any. */
const portVariables = {
  primaryPort: "UNDERSTUDY_PRIMARY_PORT",
  replicaPort: "UNDERSTUDY_REPLICA_PORT",
  controlPort: "UNDERSTUDY_CONTROL_PORT",
} as const;

/** Window settings lie with the data when that is elsewhere, so that each data directory may have its own app. */
export function settleDirectories(): void {
  const data = process.env["UNDERSTUDY_DATA"];
  if (data !== undefined && data !== "") app.setPath("userData", join(resolve(data), "window"));
}

/** The same data directory as the command line's, so that its commands find the app's pair. */
export function readSettings(): PairConfiguration {
  const { env: environment, platform } = process;
  const dataDirectory = defaultDirectory({ environment, platform, home: homedir() });
  const ports = Object.entries(portVariables).flatMap(([option, variable]) => {
    const value = process.env[variable];
    return value === undefined ? [] : [[option, Number(value)] as const];
  });
  return pairConfiguration.parse({ dataDirectory, ...Object.fromEntries(ports) });
}
