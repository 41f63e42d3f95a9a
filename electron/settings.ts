import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { app } from "electron";
import { defaultDirectory } from "../engine/control/default-directory.ts";
import type { PairConfiguration } from "../engine/config/configuration.ts";
import { loadPairConfiguration } from "../engine/config/load.ts";

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

/**
 * The same data directory as the command line's, so that its commands find the app's pair, and of `up`'s options the
 * two that make another pair: `--config FILE` and `--profile`. Chromium's own switches are among the arguments too.
 */
export function readSettings(): PairConfiguration {
  const { env: environment, platform } = process;
  const { config, profile } = parseArgs({
    args: process.argv.slice(1),
    options: { config: { type: "string" }, profile: { type: "string" } },
    strict: false,
  }).values;
  const ports = Object.entries(portVariables).map(([option, variable]) => {
    const value = process.env[variable];
    return [option, value === undefined ? undefined : Number(value)] as const;
  });
  const { configuration, notices } = loadPairConfiguration(
    typeof config === "string" ? { file: config, content: readFileSync(config) } : null,
    {
      environment,
      flags: { ...Object.fromEntries(ports), profile },
      dataDirectory: defaultDirectory({ environment, platform, home: homedir() }),
    },
  );
  for (const notice of notices) process.stderr.write(`understudy: ${notice}\n`);
  return configuration;
}
