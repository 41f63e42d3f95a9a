/** A connector's address: `tcp://127.0.0.1:61616?wireFormat.maxFrameSize=1000`. */
export interface Address {
  readonly scheme: string;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** What followed the question mark, and is not used; empty when there was nothing. */
  readonly query: string;
}

/** An address, and what was left out of consideration to get it; or why there is none. */
export type AddressReading =
  | { readonly kind: "address"; readonly address: Address; readonly notices: readonly string[] }
  | { readonly kind: "refused"; readonly detail: string };

/** Schemes that all mean: a port that tells protocols apart by their first bytes. */
const schemes = [
  "tcp",
  "nio",
  "auto",
  "auto+nio",
  "stomp",
  "stomp+nio",
  "mqtt",
  "mqtt+nio",
  "amqp",
  "amqp+nio",
  "ws",
];

/** Reads the address of one connector, such as `tcp://localhost:61616`. Port 0 asks for any free port. */
export function parseAddress(text: string): AddressReading {
  const match =
    /^([a-z][a-z0-9+]*):\/\/(\[[0-9a-fA-F:.]+\]|[^\s:/?#@[\]]+)(?::(\d{1,5}))?\/?(?:\?([^\s#]*))?$/.exec(
      text.trim(),
    );
  if (match === null) return refused(`"${text}" is not an address such as tcp://127.0.0.1:61616`);
  const [, scheme = "", host = "", port, query = ""] = match;
  if (/ssl|https|wss/.test(scheme)) return refused(`"${text}": connections are not encrypted; use tcp`);
  if (scheme === "vm") return refused(`"${text}": the two brokers are processes of their own; use tcp`);
  if (!schemes.includes(scheme)) return refused(`"${text}": the scheme ${scheme} is not known; use tcp`);
  if (port === undefined) return refused(`"${text}" names no port`);
  if (Number(port) > 65_535) return refused(`"${text}": the port is larger than 65535`);
  const notices =
    query === "" ? [] : [`the options "${query}" of ${scheme}://${host}:${port} have no effect here`];
  return {
    kind: "address",
    address: { scheme, host: host.replace(/^\[|\]$/g, ""), port: Number(port), query },
    notices,
  };
}

/**
 * Reads the address of a primary, which may also be written as clients write it, `failover:(tcp://a:1,tcp://b:2)?x=y`:
 * a replica follows one primary, so the first address is used and a notice says so.
 */
export function parsePrimaryAddress(text: string): AddressReading {
  const match = /^(?:failover|static):(?:\/\/)?\(?([^()]*)\)?(?:\?.*)?$/s.exec(text.trim());
  if (match === null) return parseAddress(text);
  const all = (match[1] ?? "").split(",").map((part) => part.trim());
  const [first = ""] = all;
  const reading = parseAddress(first);
  if (reading.kind === "refused") return reading;
  const rest = all.length > 1 ? `; of its ${all.length} addresses only the first, ${first}, is used` : "";
  const notice = `a replica follows one primary and retries by itself, so the failover options have no effect${rest}`;
  return { ...reading, notices: [...reading.notices, notice] };
}

/** Whether a listener bound to `host`, or a peer at it, is on this machine only. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

function refused(detail: string): AddressReading {
  // A login written into an address must not end up in a log.
  return { kind: "refused", detail: detail.replaceAll(/\/\/[^/@\s]*@/g, "//***@") };
}
