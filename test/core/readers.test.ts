import fc from "fast-check";
import { expect, test } from "vitest";
import { newConsumer, type Consumer } from "../../engine/core/consumer.ts";
import { plainWishes, type SessionId } from "../../engine/core/dialogue.ts";
import { destinationKey, parseDestinationKey, type Destination } from "../../engine/core/message.ts";
import { Outlets } from "../../engine/core/outlet.ts";
import { matchesPattern } from "../../engine/core/pattern.ts";
import { Readers } from "../../engine/core/readers.ts";

const outlet = new Outlets(() => 1).of(1 as SessionId);

function consumer(destination: Destination): Consumer {
  const request = {
    kind: "subscribe",
    subscription: "s",
    destination,
    ackMode: "auto",
    prefetchCount: 1,
    ...plainWishes,
  } as const;
  return newConsumer(1 as SessionId, "c1-1", request, outlet);
}

const kind = fc.constantFrom("queue" as const, "topic" as const, "temp-queue" as const);
const word = fc.constantFrom("a", "b", "*", ">", "a*");
const name = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join("."));
const destination = fc.record({ kind, name });

/** What a destination is asked without an index: each consumer in turn. */
function isRead(by: Destination, key: string): boolean {
  const { kind: of, name: called } = parseDestinationKey(key)!;
  if (of !== by.kind) return false;
  return of === "temp-queue" ? by.name === called : matchesPattern(by.name, called);
}

test("readers are those that asking each of them would find, while they come and go", () => {
  fc.assert(
    fc.property(
      fc.array(destination, { maxLength: 20 }),
      fc.array(fc.nat(19), { maxLength: 10 }),
      fc.record({ kind, name: fc.constantFrom("a", "b", "a.b", "b.a.b") }).map(destinationKey),
      (destinations, leaving, key) => {
        const readers = new Readers();
        const consumers = new Set(destinations.map(consumer));
        for (const one of consumers) readers.add(one);
        for (const index of leaving) {
          const one = [...consumers][index];
          if (one === undefined) continue;
          readers.remove(one);
          consumers.delete(one);
        }
        const expected = [...consumers].filter(({ request }) => isRead(request.destination, key));
        expect(new Set(readers.of(key))).toEqual(new Set(expected));
        expect(readers.of(key)).toHaveLength(expected.length);
      },
    ),
  );
});

test("a name without wildcards matches itself only", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("a", "a.b", "a.b.c", ""),
      fc.constantFrom("a", "a.b", "a.b.c", "a.", ""),
      (one, other) => {
        expect(matchesPattern(one, other)).toBe(one === other);
      },
    ),
  );
});
