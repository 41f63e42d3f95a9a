import { expandPlaceholders, type Environment } from "./placeholders.ts";
import { canonicalName, knownNames, refusedOptions, suggestion } from "./names.ts";
import {
  addSetting,
  configurationError,
  noticeAt,
  type Reading,
  type Setting,
  type Settings,
} from "./settings.ts";
import { parseXml, type XmlAttribute, type XmlElement } from "./xml.ts";

/**
 * Reads ActiveMQ's XML: a `<broker>`, alone or in Spring's `<beans>`. What changes how messages are kept or passed on
 * and is not supported is refused with its place; what only concerned ActiveMQ's own workings is left out with a notice.
 */
export function readActivemqXml(text: string, file: string, environment: Environment): Reading {
  const root = parseXml(text, file);
  const reader = new Reader(file, environment);
  if (root.name === "broker") return { brokers: [reader.broker(root)], notices: reader.notices };
  if (root.name !== "beans")
    throw reader.refuse(root, "a configuration is a <broker>, alone or within <beans>");
  const brokers: Settings[] = [];
  for (const element of root.children) {
    if (element.name === "broker") brokers.push(reader.broker(element));
    else if (element.name === "bean" || element.name === "import")
      reader.ignore(element, "only brokers are started");
    else throw reader.refuse(element, "only <broker> has a meaning within <beans>");
  }
  if (brokers.length === 0) throw configurationError(file, root.position, "<beans> holds no <broker>.");
  return { brokers, notices: reader.notices };
}

/** Attributes of `<broker>` that concern ActiveMQ's own workings, with what takes their place. */
const ignoredAttributes: ReadonlyMap<string, string> = new Map([
  ["useJmx", "there is no JMX; the control API and /metrics tell the same"],
  ["useShutdownHook", "a broker always stops in order when it is told to"],
  ["advisorySupport", "advisories are not switched"],
  ["schedulePeriodForDestinationPurge", "destinations without messages and clients cost nothing"],
  ["id", "brokers are told apart by brokerName"],
]);

/** Values that say what is so anyway; any other value of these is refused. */
const onlyValues: ReadonlyMap<string, { value: string; why: string }> = new Map([
  ["persistent", { value: "true", why: "all that is confirmed is kept in the store" }],
  ["start", { value: "true", why: "a broker that is configured is started" }],
]);

const ignoredElements: ReadonlyMap<string, string> = new Map([
  ["managementContext", "there is no JMX; the control API and /metrics tell the same"],
]);

const numericOptions: readonly string[] = [
  "waitForReplicaTimeoutMs",
  "peerTimeoutMs",
  "port",
  "primaryPort",
  "replicaPort",
  "controlPort",
];

class Reader {
  readonly notices: string[] = [];
  readonly #file: string;
  readonly #environment: Environment;

  constructor(file: string, environment: Environment) {
    this.#file = file;
    this.#environment = environment;
  }

  broker(element: XmlElement): Settings {
    const settings: Settings = new Map();
    for (const attribute of this.#options(element)) this.#brokerAttribute(attribute, settings);
    for (const child of element.children) this.#brokerChild(child, settings);
    return settings;
  }

  #brokerAttribute(attribute: XmlAttribute, settings: Settings): void {
    const ignored = ignoredAttributes.get(attribute.name);
    if (ignored !== undefined) {
      this.notices.push(
        noticeAt(this.#file, attribute.position, `${attribute.name} has no effect: ${ignored}.`),
      );
      return;
    }
    const only = onlyValues.get(attribute.name);
    if (only !== undefined) {
      if (attribute.value === only.value) return;
      throw this.#invalid(
        attribute,
        `${attribute.name}="${attribute.value}" of <broker> is not supported: ${only.why}; remove it.`,
      );
    }
    if (canonicalName(attribute.name) === null && !refusedOptions.has(attribute.name)) {
      const near = suggestion(attribute.name, [...knownNames, ...ignoredAttributes.keys()]);
      throw this.#invalid(
        attribute,
        `<broker> has no attribute "${attribute.name}" that is supported${near || "."}`,
      );
    }
    this.#add(settings, attribute, this.#valueOf(attribute));
  }

  #brokerChild(child: XmlElement, settings: Settings): void {
    const ignored = ignoredElements.get(child.name);
    if (ignored !== undefined) {
      this.ignore(child, ignored);
      return;
    }
    if (child.name === "persistenceAdapter" || child.name === "persistenceFactory")
      this.#persistence(child, settings);
    else if (child.name === "transportConnectors") this.#transportConnectors(child, settings);
    else if (child.name === "services") this.#services(child, settings);
    else if (child.name === "networkConnectors" || child.name === "networkConnector")
      throw this.#networkConnector(child);
    else if (child.name === "plugins") this.#plugins(child, settings);
    else if (child.name.endsWith("Connector") && canonicalName(child.name) === "primaryConnector") {
      throw this.refuse(child, `<${child.name}> belongs inside <services>`);
    } else throw this.refuse(child, "");
  }

  /** Whatever kept ActiveMQ's messages, its directory is where ours are kept. */
  #persistence(element: XmlElement, settings: Settings): void {
    const directories = new Set(["dataDirectory", "directory", "dir", "dataDirectoryFile"]);
    for (const adapter of element.children) {
      if (adapter.name.startsWith("memoryPersistence"))
        throw this.refuse(adapter, "all that is confirmed is kept on disk");
      for (const attribute of this.#options(adapter)) {
        if (directories.has(attribute.name)) {
          // Wins over the broker's own, as in ActiveMQ, where it is the more exact of the two.
          settings.set("dataDirectory", {
            spelled: attribute.name,
            value: attribute.value,
            position: attribute.position,
          });
        } else
          this.notices.push(
            noticeAt(
              this.#file,
              attribute.position,
              `${attribute.name} of <${adapter.name}> has no effect: messages are kept in Understudy's own store.`,
            ),
          );
      }
      for (const child of adapter.children) this.ignore(child, "messages are kept in Understudy's own store");
    }
  }

  #transportConnectors(element: XmlElement, settings: Settings): void {
    for (const [index, connector] of element.children.entries()) {
      if (connector.name !== "transportConnector")
        throw this.refuse(connector, "<transportConnectors> holds <transportConnector uri=.../>");
      if (index > 0)
        throw this.refuse(
          connector,
          "a second <transportConnector>: the one port of a broker serves every protocol and tells them apart itself; remove it",
        );
      let uri: XmlAttribute | null = null;
      for (const attribute of this.#options(connector)) {
        if (attribute.name === "uri") uri = attribute;
        else if (attribute.name !== "name")
          throw this.#invalid(
            attribute,
            `the attribute "${attribute.name}" of <transportConnector> is not supported.`,
          );
      }
      if (uri === null)
        throw configurationError(
          this.#file,
          connector.position,
          "<transportConnector> needs a uri, such as tcp://localhost:61616.",
        );
      settings.set("port", { spelled: "uri", value: this.#expanded(uri), position: uri.position });
    }
  }

  #services(element: XmlElement, settings: Settings): void {
    for (const service of element.children) {
      if (canonicalName(service.name) !== "primaryConnector")
        throw this.refuse(service, "of services only <masterConnector> has a meaning");
      const connector: Record<string, string> = {};
      for (const attribute of this.#options(service)) {
        if (!["remoteURI", "userName", "password", "localURI"].includes(attribute.name)) {
          throw this.#invalid(
            attribute,
            `<${service.name}> has no attribute "${attribute.name}"${suggestion(attribute.name, ["remoteURI", "userName", "password", "localURI"]) || "."}`,
          );
        }
        connector[attribute.name] = this.#expanded(attribute);
      }
      addSetting(
        settings,
        { spelled: service.name, value: connector, position: service.position },
        this.#file,
      );
    }
  }

  #networkConnector(element: XmlElement): Error {
    const named = element.children[0] ?? element;
    return configurationError(
      this.#file,
      named.position,
      `<${named.name}> is refused: do not configure a connection between the two brokers. The replica makes it by itself ` +
        "(masterConnectorURI), and one more makes them race each other under heavy load; remove it.",
    );
  }

  #plugins(element: XmlElement, settings: Settings): void {
    const users: { name: string; password: string }[] = [];
    for (const plugin of element.children) {
      if (plugin.name !== "simpleAuthenticationPlugin")
        throw this.refuse(plugin, "of plugins only <simpleAuthenticationPlugin> has a meaning");
      for (const attribute of this.#options(plugin))
        throw this.#invalid(
          attribute,
          `the attribute "${attribute.name}" of <${plugin.name}> is not supported.`,
        );
      for (const user of plugin.children.flatMap((child) =>
        child.name === "users" ? child.children : [child],
      )) {
        if (user.name !== "authenticationUser")
          throw this.refuse(user, "users are given as <authenticationUser username= password=/>");
        users.push(this.#user(user));
      }
      settings.set("users", { spelled: plugin.name, value: users, position: plugin.position });
    }
  }

  #user(element: XmlElement): { name: string; password: string } {
    const user = { name: "", password: "" };
    for (const attribute of this.#options(element)) {
      if (attribute.name === "username") user.name = this.#expanded(attribute);
      else if (attribute.name === "password") user.password = this.#expanded(attribute);
      else if (attribute.name === "groups")
        this.notices.push(
          noticeAt(this.#file, attribute.position, "groups have no effect: every user may do everything."),
        );
      else throw this.#invalid(attribute, `<authenticationUser> has no attribute "${attribute.name}".`);
    }
    if (user.name === "")
      throw configurationError(this.#file, element.position, "<authenticationUser> needs a username.");
    return user;
  }

  ignore(element: XmlElement, why: string): void {
    this.notices.push(noticeAt(this.#file, element.position, `<${element.name}> has no effect: ${why}.`));
  }

  refuse(element: XmlElement, why: string): Error {
    return configurationError(
      this.#file,
      element.position,
      `<${element.name}> is not supported${why === "" ? "" : `: ${why}`}.`,
    );
  }

  /** Attributes other than namespace declarations and schema locations. */
  #options(element: XmlElement): readonly XmlAttribute[] {
    return element.attributes.filter(({ name }) => !/^(?:xmlns(?::|$)|xsi:|xml:)/.test(name));
  }

  /** The data directory stays as written: it matters, and its placeholders with it, only when no flag replaces it. */
  #valueOf(attribute: XmlAttribute): unknown {
    if (attribute.name === "dataDirectory") return attribute.value;
    const value = this.#expanded(attribute);
    if (value === "true" || value === "false") return value === "true";
    const isNumber = numericOptions.includes(canonicalName(attribute.name) ?? "") && /^\d+$/.test(value);
    return isNumber ? Number(value) : value;
  }

  #expanded(attribute: XmlAttribute): string {
    return expandedAt(attribute.value, this.#environment, (detail) => this.#invalid(attribute, detail));
  }

  #add(settings: Settings, attribute: XmlAttribute, value: unknown): void {
    const setting: Setting = { spelled: attribute.name, value, position: attribute.position };
    addSetting(settings, setting, this.#file);
  }

  #invalid(attribute: XmlAttribute, detail: string): Error {
    return configurationError(this.#file, attribute.position, detail);
  }
}

/** `text` with its placeholders replaced; throws what `refuse` makes of the sentence about one that has no value. */
export function expandedAt(
  text: string,
  environment: Environment,
  refuse: (detail: string) => Error,
): string {
  const expansion = expandPlaceholders(text, environment);
  if (expansion.kind === "expanded") return expansion.text;
  throw refuse(
    `"${text}" needs a value for ${expansion.name}: set the environment variable ${expansion.variable}, or write the value itself.`,
  );
}
