import { join, resolve } from "node:path";

/** What of the user's surroundings decides where data lies. */
export interface UserSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

/** Where pairs live unless told otherwise: `UNDERSTUDY_DATA`, else what the platform has for programs' data. */
export function defaultDirectory({ environment, platform, home }: UserSurroundings): string {
  const chosen = environment["UNDERSTUDY_DATA"];
  if (chosen) return resolve(chosen);
  if (platform === "darwin") return join(home, "Library", "Application Support", "Understudy");
  if (platform === "win32")
    return join(environment["APPDATA"] ?? join(home, "AppData", "Roaming"), "Understudy");
  return join(environment["XDG_DATA_HOME"] ?? join(home, ".local", "share"), "understudy");
}
