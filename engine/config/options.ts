import { parseAddress, parsePrimaryAddress, type Address, type AddressReading } from "./address.ts";
import { expandedAt } from "./activemq.ts";
import type { Environment } from "./placeholders.ts";
import { configurationError, noticeAt, type Setting, type Settings } from "./settings.ts";

/** What is needed to read one option: where it stands, what its placeholders mean, and a list for what has no effect. */
export interface Context {
  readonly file: string;
  readonly environment: Environment;
  readonly notices: string[];
}

/** A connector to the primary, read and checked. */
export interface Connector {
  readonly host: string;
  readonly port: number;
  readonly userName: string | null;
  readonly password: string | null;
}

/**
 * The connector that makes a broker a replica: `primaryConnectorURI`, or `primaryConnector` with credentials.
 * `null` when there is neither; throws when there are both, as ActiveMQ refused to start then.
 */
export function connectorOf(
  settings: Settings,
  context: Context,
): (Setting & { readonly value: Connector }) | null {
  const uri = givenOrNull(settings.get("primaryConnectorURI"));
  const connector = givenOrNull(settings.get("primaryConnector"));
  if (uri !== null && connector !== null) {
    const later = uri.position === null ? connector : uri;
    throw configurationError(
      context.file,
      later.position,
      `"${uri.spelled}" and "${connector.spelled}" exclude each other: both name the primary; keep one.`,
    );
  }
  if (uri !== null) {
    const { host, port } = primaryAddress(uri, textOf(uri, context), context);
    return { ...uri, value: { host, port, userName: null, password: null } };
  }
  return connector === null ? null : { ...connector, value: readConnector(connector, context) };
}

function readConnector(setting: Setting, context: Context): Connector {
  const fields = setting.value;
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw configurationError(
      context.file,
      setting.position,
      `"${setting.spelled}" must have the fields remoteURI, userName and password.`,
    );
  }
  const field = (name: string): string | null => {
    const value: unknown = (fields as Record<string, unknown>)[name] ?? null;
    if (value === null || typeof value === "string") return value;
    throw configurationError(
      context.file,
      setting.position,
      `${name} of "${setting.spelled}" must be a text.`,
    );
  };
  const remote = field("remoteURI");
  if (remote === null || remote === "") {
    throw configurationError(
      context.file,
      setting.position,
      `"${setting.spelled}" needs a remoteURI, such as tcp://localhost:61616.`,
    );
  }
  if (field("localURI") !== null)
    addNotice(context, setting, "localURI has no effect: a replica reaches its own store directly.");
  const [userName, password] = [field("userName"), field("password")];
  if (userName === null && password !== null) {
    throw configurationError(
      context.file,
      setting.position,
      `"${setting.spelled}" has a password but no userName.`,
    );
  }
  const { host, port } = primaryAddress(setting, textOf({ ...setting, value: remote }, context), context);
  return { host, port, userName, password };
}

function primaryAddress(setting: Setting, text: string, context: Context): Address {
  const address = accepted(parsePrimaryAddress(text), setting, context);
  if (address.port === 0)
    throw configurationError(context.file, setting.position, `"${text}": the primary's port cannot be 0.`);
  return address.host === "localhost" ? { ...address, host: "127.0.0.1" } : address;
}

/** The address that a `port` stands for when it was given as a transport connector's URI; `null` when it is a plain number. */
export function addressOf(setting: Setting, context: Context): Address | null {
  if (typeof setting.value !== "string" || !setting.value.includes(":")) return null;
  return accepted(parseAddress(textOf(setting, context)), setting, context);
}

export function portOf(setting: Setting, address: Address | null): unknown {
  return address === null ? setting.value : address.port;
}

/** A text with its placeholders replaced, when a context says by what. */
export function textOf(setting: Setting, context?: Context): string {
  if (typeof setting.value !== "string") {
    throw configurationError(context?.file ?? "", setting.position, `"${setting.spelled}" must be a text.`);
  }
  if (context === undefined) return setting.value;
  return expandedAt(setting.value, context.environment, (detail) =>
    configurationError(context.file, setting.position, detail),
  );
}

function accepted(reading: AddressReading, setting: Setting, context: Context): Address {
  if (reading.kind === "refused")
    throw configurationError(context.file, setting.position, `${setting.spelled}: ${reading.detail}.`);
  for (const notice of reading.notices) addNotice(context, setting, `${setting.spelled}: ${notice}.`);
  return reading.address;
}

/** The same setting may be looked at more than once; its notice is given once. */
function addNotice(context: Context, setting: Setting, sentence: string): void {
  const notice = noticeAt(context.file, setting.position, sentence);
  if (!context.notices.includes(notice)) context.notices.push(notice);
}

function givenOrNull(setting: Setting | undefined): Setting | null {
  return setting === undefined || setting.value === null ? null : setting;
}
