import { expect, test } from "vitest";
import { ClientBook } from "../../engine/supervisor/client-views.ts";

const client = {
  protocol: "STOMP 1.2",
  clientId: "billing",
  login: null,
  failsOver: null,
  remoteAddress: "127.0.0.1",
  remotePort: 5_000,
};

test("clients: what one rejects is told with its reason", () => {
  const clients = new ClientBook(() => null);
  clients.changed("primary", { kind: "connected", session: 1, at: 1_000, client });
  const rejected = { kind: "rejected", session: 1, at: 2_000, destination: "queue://orders" } as const;

  const one = { ...rejected, messages: [12], count: 1, reason: "order 17 has no customer" };
  expect(clients.changed("primary", one)).toMatchObject([
    {
      at: 2_000,
      event: {
        kind: "messages-rejected",
        client: "billing",
        messages: [12],
        text: 'billing rejected message 12 of queue://orders, saying "order 17 has no customer".',
      },
    },
  ]);
  const many = { ...rejected, messages: [12, 13], count: 4_000, reason: null };
  expect(clients.changed("primary", many)).toMatchObject([
    { event: { count: 4_000, text: "billing rejected 4,000 messages of queue://orders." } },
  ]);
  expect(clients.changed("primary", { ...many, session: 2 })).toEqual([]);
});
