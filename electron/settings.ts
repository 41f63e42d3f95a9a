import { join, resolve } from "node:path";
import { app } from "electron";
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

export function readSettings(): PairConfiguration {
  const data = process.env["UNDERSTUDY_DATA"];
  const dataDirectory =
    data === undefined || data === "" ? join(app.getPath("userData"), "pair") : resolve(data);
  const ports = Object.entries(portVariables).flatMap(([option, variable]) => {
    const value = process.env[variable];
    return value === undefined ? [] : [[option, Number(value)] as const];
  });
  return pairConfiguration.parse({ dataDirectory, ...Object.fromEntries(ports) });
}
