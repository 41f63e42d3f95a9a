import { join, resolve } from "node:path";
import type { Terminal } from "./terminal.ts";

/** Where pairs live unless told otherwise: `UNDERSTUDY_DATA`, else what the platform has for programs' data. */
export function defaultDirectory({
  environment,
  platform,
  home,
}: Pick<Terminal, "environment" | "platform" | "home">): string {
  const chosen = environment["UNDERSTUDY_DATA"];
  if (chosen) return resolve(chosen);
  if (platform === "darwin") return join(home, "Library", "Application Support", "Understudy");
  if (platform === "win32")
    return join(environment["APPDATA"] ?? join(home, "AppData", "Roaming"), "Understudy");
  return join(environment["XDG_DATA_HOME"] ?? join(home, ".local", "share"), "understudy");
}

/** The `--data` of a command, made absolute, or the default. */
export function dataDirectoryOf(option: string | undefined, terminal: Terminal): string {
  return option === undefined ? defaultDirectory(terminal) : resolve(option);
}
