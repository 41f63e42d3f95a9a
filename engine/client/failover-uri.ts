import { BrokerError } from "../base/errors.ts";
import { addressOptionOf, failoverOptionTable, failoverOptionsDefault } from "./failover-options.ts";
import type { FailoverOptions, OptionRule } from "./failover-options.ts";

/**
 * ActiveMQ's failover URIs:
 *
 *     failover:(tcp://a:61616?soTimeout=5000,tcp://b:61616)?randomize=false
 *     └ scheme ┘└ addresses, each with its own options ──┘ └ options of the failover transport
 *
 * also written `failover://(…)` and, without brackets, `failover:tcp://a:1,tcp://b:2?randomize=false`. A plain
 * `tcp://a:1` is one address that is tried once and never reconnected, as ActiveMQ's plain transport does.
 * Whatever is wrong is refused with its name and position: an option with a typing error in it is not ignored.
 */
export interface FailoverUri {
  readonly addresses: readonly FailoverAddress[];
  readonly options: FailoverOptions;
  /** Options of ActiveMQ that mean nothing over STOMP; accepted, so that the same URI serves all clients. */
  readonly ignored: readonly string[];
}

export interface FailoverAddress {
  readonly host: string;
  readonly port: number;
  /** `tcp://127.0.0.1:61616`: how the address is shown, and told apart from others. */
  readonly key: string;
  /** Limit for reaching the broker and for its first answer; `null`: the client's own. */
  readonly connectionTimeoutMs: number | null;
  /** Silence after which the connection counts as lost, in addition to heart-beats; `null`: none. */
  readonly soTimeoutMs: number | null;
}

export const failoverUriLimits = {
  characterCountMax: 8_192,
  addressCountMax: 64,
  optionCountMax: 100,
} as const;

/** Reads a failover URI. Throws `REQUEST_INVALID` with the position (0-based) of what is wrong in its context. */
export function parseFailoverUri(text: string): FailoverUri {
  if (text.length > failoverUriLimits.characterCountMax) {
    fail(
      failoverUriLimits.characterCountMax,
      `the URI has ${text.length} characters, more than ${failoverUriLimits.characterCountMax}`,
    );
  }
  const scheme = /^failover:(?:\/\/)?/i.exec(text)?.[0];
  if (scheme === undefined) return plainAddress(text);
  const start = scheme.length;
  const parts =
    text[start] === "(" ? bracketed(text, start) : { list: { from: start, to: text.length }, query: null };
  const drafts = addressList(text, parts.list.from, parts.list.to);
  const draft = emptyDraft();
  if (parts.query !== null)
    for (const option of optionList(text, parts.query, text.length)) takeFailoverOption(draft, option);
  else liftTrailingOptions(draft, drafts);
  return finish(draft, drafts);
}

/** The addresses of a pair as `up` prints them. */
export function failoverUriOf(ports: readonly number[]): string {
  return `failover:(${ports.map((port) => `tcp://127.0.0.1:${port}`).join(",")})?randomize=false`;
}

interface Option {
  readonly name: string;
  readonly value: string;
  readonly position: number;
}

interface AddressDraft {
  readonly host: string;
  readonly port: number;
  readonly options: Option[];
}

interface Draft {
  readonly values: Record<string, boolean | number | readonly string[]>;
  readonly nested: Option[];
  readonly ignored: string[];
  readonly seen: Set<string>;
}

const emptyDraft = (): Draft => ({ values: {}, nested: [], ignored: [], seen: new Set() });

function plainAddress(text: string): FailoverUri {
  const drafts = addressList(text, 0, text.length);
  if (drafts.length !== 1) fail(0, "several addresses need failover:(…) around them");
  const uri = finish(emptyDraft(), drafts);
  return { ...uri, options: { ...uri.options, maxReconnectAttempts: 0, startupMaxReconnectAttempts: 0 } };
}

function bracketed(
  text: string,
  start: number,
): { list: { from: number; to: number }; query: number | null } {
  const end = text.indexOf(")", start);
  if (end < 0) fail(text.length, "the bracket that opens the addresses is never closed");
  const list = { from: start + 1, to: end };
  if (end + 1 === text.length) return { list, query: null };
  if (text[end + 1] !== "?")
    fail(end + 1, `"${text.slice(end + 1, end + 11)}" stands behind the bracket, where only ?options may`);
  return { list, query: end + 2 };
}

/** Addresses separated by commas; a comma inside an address's options would end it, as in ActiveMQ. */
function addressList(text: string, from: number, to: number): AddressDraft[] {
  const drafts: AddressDraft[] = [];
  for (let start = from; start <= to;) {
    const comma = text.indexOf(",", start);
    const end = comma < 0 || comma >= to ? to : comma;
    drafts.push(address(text, start, end));
    if (drafts.length > failoverUriLimits.addressCountMax)
      fail(start, `there are more than ${failoverUriLimits.addressCountMax} addresses`);
    start = end + 1;
  }
  return drafts;
}

const addressShape = /^([a-z][a-z0-9+.-]*):\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]+):(\d{1,5})\/?$/i;
const schemes: readonly string[] = ["tcp", "nio", "stomp", "stomp+nio", "auto", "auto+nio"];

function address(text: string, from: number, to: number): AddressDraft {
  const lead = /^\s*/.exec(text.slice(from, to))?.[0].length ?? 0;
  const begin = from + lead;
  const whole = text.slice(begin, to).trimEnd();
  if (whole === "") fail(begin, "an address is missing");
  const question = whole.indexOf("?");
  const bare = question < 0 ? whole : whole.slice(0, question);
  const match = addressShape.exec(bare);
  if (match === null) fail(begin, `"${bare}" is not an address such as tcp://127.0.0.1:61616`);
  const [, scheme = "", host = "", port = ""] = match;
  if (!schemes.includes(scheme.toLowerCase()))
    fail(begin, `the transport "${scheme}" is not supported, only ${schemes.join(", ")}`);
  if (Number(port) < 1 || Number(port) > 65_535)
    fail(begin + bare.lastIndexOf(":") + 1, `${port} is not a port (1 to 65535)`);
  const options = question < 0 ? [] : optionList(text, begin + question + 1, begin + whole.length);
  return { host: host.replace(/^\[|\]$/g, ""), port: Number(port), options };
}

function optionList(text: string, from: number, to: number): Option[] {
  const options: Option[] = [];
  for (let start = from; start < to;) {
    const ampersand = text.indexOf("&", start);
    const end = ampersand < 0 || ampersand > to ? to : ampersand;
    options.push(option(text.slice(start, end), start));
    if (options.length > failoverUriLimits.optionCountMax)
      fail(start, `there are more than ${failoverUriLimits.optionCountMax} options`);
    start = end + 1;
  }
  return options;
}

function option(text: string, position: number): Option {
  const equals = text.indexOf("=");
  if (equals < 1) fail(position, `"${text}" is not an option of the form name=value`);
  try {
    return { name: text.slice(0, equals), value: decodeURIComponent(text.slice(equals + 1)), position };
  } catch {
    return fail(position + equals + 1, `the value of ${text.slice(0, equals)} has a broken % escape`);
  }
}

function takeFailoverOption(draft: Draft, option: Option): void {
  if (draft.seen.has(option.name)) fail(option.position, `the option ${option.name} is given twice`);
  draft.seen.add(option.name);
  if (option.name.startsWith("nested.")) {
    draft.nested.push({ ...option, name: option.name.slice("nested.".length) });
    return;
  }
  const rule = Object.hasOwn(failoverOptionTable, option.name) ? failoverOptionTable[option.name] : undefined;
  if (rule === undefined) {
    if (!option.name.startsWith("jms.")) fail(option.position, `there is no failover option ${option.name}`);
    draft.ignored.push(option.name);
  } else if (rule.sets === null) {
    readValue(rule, option);
    draft.ignored.push(option.name);
  } else {
    if (Object.hasOwn(draft.values, rule.sets))
      fail(option.position, `${option.name} is another name of an option given before`);
    draft.values[rule.sets] = readValue(rule, option);
  }
}

/**
 * Without brackets nothing says whether the last options are the last address's or the transport's. No name belongs to
 * both, so each goes where it is known.
 */
function liftTrailingOptions(draft: Draft, drafts: readonly AddressDraft[]): void {
  const last = drafts.at(-1);
  if (last === undefined) return;
  for (const option of last.options.splice(0)) {
    if (Object.hasOwn(failoverOptionTable, option.name) || option.name.startsWith("nested."))
      takeFailoverOption(draft, option);
    else last.options.push(option);
  }
}

function finish(draft: Draft, drafts: readonly AddressDraft[]): FailoverUri {
  const addresses = drafts.map((one) => finishAddress(one, draft));
  const keys = new Set<string>();
  for (const one of addresses) {
    if (keys.has(one.key)) fail(0, `the address ${one.key} is given twice`);
    keys.add(one.key);
  }
  const options = { ...failoverOptionsDefault, ...draft.values };
  return { addresses, options, ignored: draft.ignored };
}

function finishAddress(one: AddressDraft, draft: Draft): FailoverAddress {
  const values: Record<string, boolean | number | readonly string[]> = {};
  const own = new Set<string>();
  for (const option of one.options) {
    if (own.has(option.name)) fail(option.position, `the option ${option.name} is given twice`);
    own.add(option.name);
  }
  // The address's own options count more than those given for all.
  for (const option of [...draft.nested.filter((all) => !own.has(all.name)), ...one.options]) {
    const rule = addressOptionOf(option.name);
    if (rule === null) fail(option.position, `there is no address option ${option.name}`);
    const value = readValue(rule, option);
    if (rule.sets === null) {
      if (!draft.ignored.includes(option.name)) draft.ignored.push(option.name);
    } else values[rule.sets] = value;
  }
  const host = one.host.includes(":") ? `[${one.host}]` : one.host;
  return {
    host: one.host,
    port: one.port,
    key: `tcp://${host}:${one.port}`,
    connectionTimeoutMs: numberOrNull(values["connectionTimeoutMs"]),
    soTimeoutMs: values["soTimeoutMs"] === 0 ? null : numberOrNull(values["soTimeoutMs"]),
  };
}

const numberOrNull = (value: unknown): number | null => (typeof value === "number" ? value : null);

function readValue(rule: OptionRule, option: Option): boolean | number | readonly string[] {
  const at = option.position + option.name.length + 1;
  const wrong = (expected: string): never =>
    fail(at, `${option.name} is "${option.value}", which is not ${expected}`);
  switch (rule.type) {
    case "boolean":
      if (!/^(true|false)$/i.test(option.value)) return wrong("true or false");
      return option.value.toLowerCase() === "true";
    case "number": {
      const value = /^-?\d{1,15}(\.\d{1,6})?$/.test(option.value) ? Number(option.value) : Number.NaN;
      if (!(value >= rule.min && value <= rule.max)) return wrong(`a number from ${rule.min} to ${rule.max}`);
      return rule.isWhole && !Number.isInteger(value) ? wrong("a whole number") : value;
    }
    case "addresses":
      return addressList(option.value, 0, option.value.length).map(
        (one) => finishAddress(one, emptyDraft()).key,
      );
    case "text":
      return [option.value];
  }
}

function fail(position: number, detail: string): never {
  throw new BrokerError("REQUEST_INVALID", {
    detail: `Failover URI, character ${position + 1}: ${detail}.`,
    position,
  });
}
