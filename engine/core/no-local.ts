import { producerHeader } from "./selection.ts";
import type { Selector } from "./selector/selector.ts";

/**
 * A selector that passes nothing that the consumer's own connection sent. JMS clients name consumers and producers after
 * their connections (`connection:session:number`), the same after a failover.
 */
export function withoutOwn(selector: Selector | null, consumerName: string): Selector {
  const own = connectionOf(consumerName);
  return {
    text: `not from ${own} ${selector?.text ?? ""}`,
    matches: (view) => {
      const producer = view.value(producerHeader);
      if (typeof producer === "string" && connectionOf(producer) === own) return false;
      return selector === null || selector.matches(view);
    },
  };
}

function connectionOf(name: string): string {
  return name.split(":").slice(0, -2).join(":");
}
