import { BrokerError } from "../base/errors.ts";
import { canonicalName, refusedOptions, suggestion, type OptionName } from "./names.ts";

/** Where something stands in a configuration file; both 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One option as a file gave it: not checked yet, but with its place for the sentence that refuses it. */
export interface Setting {
  /** As spelled in the file: `masterConnectorURI`. */
  readonly spelled: string;
  readonly value: unknown;
  /** `null`: it came from a flag. */
  readonly position: Position | null;
}

/** What a file says, by canonical name. A pair described by two `<broker>` elements has two of these. */
export type Settings = Map<OptionName, Setting>;

/** What was read from one file. */
export interface Reading {
  readonly brokers: readonly Settings[];
  readonly notices: readonly string[];
}

/** `CONFIGURATION_INVALID` for a place in `file`. */
export function configurationError(file: string, position: Position | null, detail: string): BrokerError {
  const place = position === null ? "" : `, line ${position.line}, column ${position.column}`;
  return new BrokerError("CONFIGURATION_INVALID", {
    file,
    position: place,
    detail: shortened(detail),
    ...(position === null ? {} : { line: position.line, column: position.column }),
  });
}

/** What is wrong stands at the beginning of a sentence, what to do at its end; a long text from the file stands between. */
function shortened(detail: string): string {
  return detail.length <= 600 ? detail : `${detail.slice(0, 300)} … ${detail.slice(-200)}`;
}

/** One line for the user about something that has no effect. */
export function noticeAt(file: string, position: Position | null, sentence: string): string {
  const place = position === null ? "" : `, line ${position.line}`;
  return `${file}${place}: ${shortened(sentence)}`;
}

/**
 * Adds an option under its canonical name. Throws `CONFIGURATION_INVALID` for a name that is not known, and for two
 * names of one option that contradict each other.
 */
export function addSetting(settings: Settings, setting: Setting, file: string): void {
  const refused = refusedOptions.get(setting.spelled);
  if (refused !== undefined) {
    throw configurationError(file, setting.position, `"${setting.spelled}" is not supported: ${refused}.`);
  }
  const name = canonicalName(setting.spelled);
  if (name === null) {
    throw configurationError(
      file,
      setting.position,
      `there is no option "${setting.spelled}"${suggestion(setting.spelled) || "."}`,
    );
  }
  const earlier = settings.get(name);
  if (earlier !== undefined && !isEqual(earlier.value, setting.value)) {
    throw configurationError(
      file,
      setting.position,
      earlier.spelled === setting.spelled
        ? `"${setting.spelled}" is given twice with different values; keep one.`
        : `"${setting.spelled}" and "${earlier.spelled}" are two names of one option and contradict each other; keep one.`,
    );
  }
  settings.set(name, setting);
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
