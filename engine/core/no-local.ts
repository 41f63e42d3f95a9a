import type { OwnerId } from "./command.ts";
import { producerHeader, senderHeader } from "./selection.ts";
import type { Selector } from "./selector/selector.ts";

/**
 * A selector that passes nothing that the consumer's own connection sent. JMS clients name consumers and producers after
 * their connections (`connection:session:number`), the same after a failover.
 */
export function withoutOwn(
  selector: Selector | null,
  { owner, name }: { readonly owner: OwnerId; readonly name: string | null },
): Selector {
  const connection = connectionOf(name ?? "");
  return {
    text: `not from ${owner} ${selector?.text ?? ""}`,
    matches: (view) => {
      if (view.value(senderHeader) === owner) return false;
      const producer = view.value(producerHeader);
      if (connection !== "" && typeof producer === "string" && connectionOf(producer) === connection)
        return false;
      return selector === null || selector.matches(view);
    },
  };
}

/** Empty when the name is not of this form. */
function connectionOf(name: string): string {
  return name.split(":").slice(0, -2).join(":");
}
