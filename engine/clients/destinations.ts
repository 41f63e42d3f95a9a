import { BrokerError } from "../base/errors.ts";
import { matchesPattern } from "../core/pattern.ts";

/** Where a built-in client sends or receives, as people write it and as STOMP does. */
export interface ClientDestination {
  /** `queue://orders`, as the control API names it. */
  readonly key: string;
  /** `/queue/orders` */
  readonly stomp: string;
  readonly isTopic: boolean;
}

/** Reads `orders`, `queue://orders`, `/queue/orders` or the same with `topic`. */
export function readDestination(text: string): ClientDestination {
  const match = /^(?:(queue|topic):\/\/|\/(queue|topic)\/)?([^/].*)$/s.exec(text.trim());
  const name = match?.[3];
  if (name === undefined || name.includes("://")) {
    throw new BrokerError("DESTINATION_INVALID", {
      destination: text,
      detail: "built-in clients use queues and topics, such as orders, queue://orders or /topic/prices",
    });
  }
  const kind = match?.[1] ?? match?.[2] ?? "queue";
  return { key: `${kind}://${name}`, stomp: `/${kind}/${name}`, isTopic: kind === "topic" };
}

/** Whether a subscription to `pattern` gets messages of `key`: `*` stands for one part of the name, a last `>` for the rest. */
export function covers(pattern: string, key: string): boolean {
  const [patternKind, patternName = ""] = pattern.split("://");
  const [kind, name = ""] = key.split("://");
  return patternKind === kind && matchesPattern(patternName, name);
}
