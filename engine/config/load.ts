import type { z } from "zod";
import { commandLine } from "../base/command-line.ts";
import { limits } from "../base/limits.ts";
import { isLoopback } from "./address.ts";
import { readActivemqXml } from "./activemq.ts";
import {
  brokerConfiguration,
  pairConfiguration,
  type BrokerConfiguration,
  type PairConfiguration,
} from "./configuration.ts";
import { issuePath, issueText } from "./issues.ts";
import type { OptionName } from "./names.ts";
import { addressOf, connectorOf, portOf, textOf, type Context } from "./options.ts";
import type { Environment } from "./placeholders.ts";
import { configurationError, noticeAt, type Reading, type Setting, type Settings } from "./settings.ts";
import { readYaml } from "./yaml.ts";

/** A configuration file's name, for sentences, and what is in it. Formats: JSON, YAML, ActiveMQ XML, told by name or first character. */
export interface ConfigurationSource {
  readonly file: string;
  readonly content: Uint8Array | string;
}

export interface LoadOptions {
  /** Values for `${placeholders}`; default none. */
  readonly environment?: Environment;
  /** Options from the command line, by canonical name; they win over the file's. `undefined` values count as not given. */
  readonly flags?: Readonly<Partial<Record<OptionName, unknown>>>;
  /** Used when neither file nor flags name one. */
  readonly dataDirectory: string;
}

export interface Loaded<Configuration> {
  readonly configuration: Configuration;
  /** What was left out or has no effect, one sentence each, with file and line. */
  readonly notices: readonly string[];
  /** Options that were given at all, by file or flag: tells a default from the same value chosen. */
  readonly given: ReadonlySet<OptionName>;
}

/**
 * The configuration of a pair under one supervisor. A file for one broker, as ActiveMQ's are, serves too: its port and
 * its connector's become the ports of the pair. `source: null` takes defaults and flags alone.
 * Throws `BrokerError` CONFIGURATION_INVALID naming file, line, column and option.
 */
export function loadPairConfiguration(
  source: ConfigurationSource | null,
  options: LoadOptions,
): Loaded<PairConfiguration> {
  const { reading, context } = read(source, options);
  const raw = new Map<string, Setting>();
  const roles = new Set<string>();
  for (const settings of reading.brokers) {
    const role =
      connectorOf(settings, context) !== null || settings.get("role")?.value === "replica"
        ? "replica"
        : "primary";
    if (roles.has(role)) {
      throw configurationError(
        context.file,
        null,
        `it holds two brokers that are both a ${role}; a pair is one broker without and one with a masterConnectorURI.`,
      );
    }
    roles.add(role);
    for (const [name, setting] of settings)
      takeForPair(name, setting, { role, settings, raw, context, alone: reading.brokers.length === 1 });
  }
  applyFlags(raw, options);
  const given = givenIn(raw);
  setDefault(raw, "dataDirectory", options.dataDirectory);
  const configuration = checked(pairConfiguration, raw, context);
  refuseEqualPorts(configuration, context);
  return { configuration, notices: context.notices, given };
}

/**
 * The configuration of one broker, run alone. A file with two `<broker>`s needs `flags.name` to choose one.
 * Throws as {@link loadPairConfiguration} does, and for an address that other machines reach unless `allowRemote` is set.
 */
export function loadBrokerConfiguration(
  source: ConfigurationSource | null,
  options: LoadOptions,
): Loaded<BrokerConfiguration> {
  const { reading, context } = read(source, options);
  const settings = new Map(chooseBroker(reading, options, context));
  applyFlags(settings, options);
  for (const name of ["primaryPort", "replicaPort", "controlPort", "replicaLogin"] as const) {
    const setting = settings.get(name);
    if (setting !== undefined) {
      throw configurationError(
        context.file,
        setting.position,
        `"${setting.spelled}" belongs to a pair (${commandLine("up")}); one broker has a "port".`,
      );
    }
  }
  const connector = connectorOf(settings, context);
  const role = connector === null ? "primary" : "replica";
  checkRole(settings, role, context);
  const raw = new Map<string, Setting>(settings);
  for (const name of ["primaryConnectorURI", "primaryConnector", "allowRemote"]) raw.delete(name);
  const port = settings.get("port");
  if (port !== undefined) {
    const address = addressOf(port, context);
    raw.set("port", { ...port, value: address?.port ?? port.value });
    if (address !== null && !settings.has("host")) raw.set("host", { ...port, value: address.host });
  }
  if (connector !== null) raw.set("primaryConnector", connector);
  expandTexts(raw, context);
  setDefault(raw, "name", role);
  setDefault(raw, "role", role);
  setDefault(raw, "port", pairConfiguration.shape[`${role}Port`].parse(undefined));
  setDefault(raw, "dataDirectory", options.dataDirectory);
  const configuration = checked(brokerConfiguration, raw, context);
  checkHost(configuration, settings, raw, context);
  return {
    configuration:
      configuration.host === "localhost" ? { ...configuration, host: "127.0.0.1" } : configuration,
    notices: context.notices,
    given: givenIn(settings),
  };
}

function read(
  source: ConfigurationSource | null,
  options: LoadOptions,
): { reading: Reading; context: Context } {
  const environment = options.environment ?? {};
  const file = source?.file ?? "command line";
  if (source === null)
    return { reading: { brokers: [new Map()], notices: [] }, context: { file, environment, notices: [] } };
  const text = decode(source);
  const isXml =
    /\.xml$/i.test(file) || (!/\.(?:json|ya?ml)$/i.test(file) && text.trimStart().startsWith("<"));
  const reading = isXml ? readActivemqXml(text, file, environment) : readYaml(text, file);
  return { reading, context: { file, environment, notices: [...reading.notices] } };
}

function decode({ file, content }: ConfigurationSource): string {
  if (content.length > limits.configurationBytesMax) {
    throw configurationError(
      file,
      null,
      `it has ${content.length} bytes, more than the limit of ${limits.configurationBytesMax} bytes.`,
    );
  }
  if (typeof content === "string") return content.replace(/^\uFEFF/, "");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    throw configurationError(file, null, "it is not text in UTF-8.");
  }
}

interface PairTaking {
  readonly role: "primary" | "replica";
  readonly settings: Settings;
  readonly raw: Map<string, Setting>;
  readonly context: Context;
  /** Whether the file holds one broker's settings only. */
  readonly alone: boolean;
}

/** Takes one setting of one broker over into the pair's. */
function takeForPair(
  name: OptionName,
  setting: Setting,
  { role, settings, raw, context, alone }: PairTaking,
): void {
  if (!isBrokersOwn(name)) {
    takeShared(name, setting, raw, context);
    return;
  }
  const notice = (sentence: string): void =>
    void context.notices.push(noticeAt(context.file, setting.position, sentence));
  switch (name) {
    case "name":
    case "role":
      if (setting.value !== role)
        notice(`"${setting.spelled}" has no effect: the brokers of a pair are called primary and replica.`);
      return;
    case "host":
    case "allowRemote":
    case "arbiter":
      notice(`"${setting.spelled}" has no effect: a pair runs on 127.0.0.1 under one supervisor.`);
      return;
    case "port": {
      const address = addressOf(setting, context);
      if (address !== null && !isLoopback(address.host))
        notice(`only the port of "${textOf(setting)}" is used: a pair listens on 127.0.0.1.`);
      raw.set(`${role}Port`, { ...setting, value: portOf(setting, address) });
      return;
    }
    case "primaryConnector":
    case "primaryConnectorURI": {
      const connector = connectorOf(settings, context)?.value;
      if (connector === undefined) return;
      if (!isLoopback(connector.host))
        notice(
          `only the port of ${connector.host}:${connector.port} is used: both brokers of a pair run on 127.0.0.1.`,
        );
      if (!raw.has("primaryPort")) raw.set("primaryPort", { ...setting, value: connector.port });
      if (connector.userName !== null)
        raw.set("replicaLogin", {
          ...setting,
          value: { name: connector.userName, password: connector.password ?? "" },
        });
      return;
    }
    case "dataDirectory":
      if (!alone)
        notice(
          `"${setting.spelled}" has no effect: a pair keeps both stores in its own data directory (--data).`,
        );
      else raw.set(name, setting);
  }
}

/** Options that mean something else for a pair than for one broker. */
const brokersOwn = [
  "name",
  "role",
  "host",
  "allowRemote",
  "arbiter",
  "port",
  "primaryConnector",
  "primaryConnectorURI",
  "dataDirectory",
] as const;

function isBrokersOwn(name: OptionName): name is (typeof brokersOwn)[number] {
  return (brokersOwn as readonly OptionName[]).includes(name);
}

function takeShared(name: OptionName, setting: Setting, raw: Map<string, Setting>, context: Context): void {
  const earlier = raw.get(name);
  if (earlier !== undefined && JSON.stringify(earlier.value) !== JSON.stringify(setting.value)) {
    throw configurationError(
      context.file,
      setting.position,
      `"${setting.spelled}" has another value for the other broker; both brokers of a pair share it.`,
    );
  }
  raw.set(name, setting);
}

function applyFlags(raw: Map<string, Setting>, { flags = {} }: LoadOptions): void {
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    if (name === "primaryConnectorURI") raw.delete("primaryConnector");
    if (name === "primaryConnector") raw.delete("primaryConnectorURI");
    raw.set(name, { spelled: flagName(name), value, position: null });
  }
}

function flagName(option: string): string {
  const short =
    ({ dataDirectory: "data", primaryConnectorURI: "primaryConnector" } as Record<string, string>)[option] ??
    option;
  return `--${short.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function chooseBroker(reading: Reading, { flags = {} }: LoadOptions, context: Context): Settings {
  const [first, ...others] = reading.brokers;
  if (first !== undefined && others.length === 0) return first;
  const names = reading.brokers.map((settings) => nameOf(settings));
  const chosen = reading.brokers[names.indexOf(String(flags.name))];
  if (chosen !== undefined) return chosen;
  throw configurationError(
    context.file,
    null,
    `it holds several brokers (${names.join(", ")}); choose one with --name.`,
  );
}

function nameOf(settings: Settings): string {
  const name = settings.get("name")?.value;
  return typeof name === "string" ? name : "unnamed";
}

/** Replaces placeholders in what was read as written, and ActiveMQ's words by ours. */
function expandTexts(raw: Map<string, Setting>, context: Context): void {
  for (const name of ["dataDirectory", "arbiter", "name", "host"]) {
    const setting = raw.get(name);
    if (setting !== undefined && typeof setting.value === "string")
      raw.set(name, { ...setting, value: textOf(setting, context) });
  }
  const wait = raw.get("waitForReplica");
  if (wait?.value === "start") raw.set("waitForReplica", { ...wait, value: true });
}

function setDefault(raw: Map<string, Setting>, name: string, value: unknown): void {
  if (!raw.has(name)) raw.set(name, { spelled: name, value, position: null });
}

function givenIn(raw: ReadonlyMap<string, Setting>): ReadonlySet<OptionName> {
  return new Set(raw.keys() as Iterable<OptionName>);
}

/** The gate: everything behind it relies on the schema. */
function checked<Schema extends z.ZodType>(
  schema: Schema,
  raw: Map<string, Setting>,
  context: Context,
): z.output<Schema> {
  expandTexts(raw, context);
  const result = schema.safeParse(Object.fromEntries([...raw].map(([name, { value }]) => [name, value])));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue === undefined) throw result.error;
  const setting = raw.get(String(issue.path[0]));
  const [first, ...inner] = issue.path;
  const name = issuePath({ ...issue, path: [setting?.spelled ?? first ?? "", ...inner] });
  const isFlag = setting?.position === null;
  throw configurationError(
    isFlag ? "command line" : context.file,
    setting?.position ?? null,
    `"${name}" ${issueText(issue)}.`,
  );
}

function refuseEqualPorts(
  { primaryPort, replicaPort, controlPort }: PairConfiguration,
  context: Context,
): void {
  const used = [primaryPort, replicaPort, controlPort].filter((port) => port !== 0);
  if (new Set(used).size === used.length) return;
  throw configurationError(
    context.file,
    null,
    `the primary (${primaryPort}), the replica (${replicaPort}) and the control API (${controlPort}) need three different ports.`,
  );
}

/** The connector makes the role; a role beside it may only say the same. */
function checkRole(settings: Settings, role: "primary" | "replica", context: Context): void {
  const setting = settings.get("role");
  if (setting === undefined || setting.value === role) return;
  const detail =
    setting.value === "replica"
      ? "a replica needs a primaryConnectorURI"
      : "a broker with a primaryConnectorURI is a replica";
  throw configurationError(context.file, setting.position, `"role" contradicts the rest: ${detail}.`);
}

function checkHost(
  configuration: BrokerConfiguration,
  settings: Settings,
  raw: Map<string, Setting>,
  context: Context,
): void {
  if (isLoopback(configuration.host) || settings.get("allowRemote")?.value === true) return;
  const setting = raw.get("host");
  throw configurationError(
    context.file,
    setting?.position ?? null,
    `"${configuration.host}" is an address that other machines can reach. A broker listens on this machine only; ` +
      "use 127.0.0.1, or allow it with allowRemote: true (--allow-remote), and configure users.",
  );
}
