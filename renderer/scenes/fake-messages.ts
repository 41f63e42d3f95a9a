import type { MessageDetail, MessageSummary } from "../../engine/control/views.ts";
import { base64OfBytes, base64OfText } from "../shared/base64.ts";

const bodies = [
  '{"order":10482,"customer":"ada@example.org","lines":[{"sku":"LAMP-3","quantity":2,"price":49.9},{"sku":"BULB-60","quantity":6,"price":3.2}],"express":true}',
  '<order id="10483"><customer>grace@example.org</customer><line sku="DESK-1" quantity="1"/><express>false</express></order>',
  "Order 10484 was cancelled by the customer before it shipped.",
];

export function fakeSummary(name: string, id: number): MessageSummary {
  const body = bodyOf(id);
  return {
    id,
    messageId: `ID:${name}-${String(id)}`,
    bodyBytes: typeof body === "string" ? body.length : body.length,
    preview:
      typeof body === "string"
        ? body.slice(0, 120)
        : [...body.slice(0, 24)].map((byte) => byte.toString(16).padStart(2, "0")).join(" "),
    priority: id % 11 === 0 ? 9 : 4,
    persistent: id % 13 !== 0,
    sentAt: Date.now() - 600_000 + id * 20,
    expiresAt: null,
    deliveryCount: id % 7 === 0 ? 1 : 0,
    heldBy: id < 18_206 ? "consumer-2" : null,
  };
}

export function fakeDetail(name: string, id: number): MessageDetail {
  const body = bodyOf(id);
  const summary = fakeSummary(name, id);
  return {
    ...summary,
    destination: name,
    properties: [
      { name: "tenant", value: "north", type: "string" },
      { name: "attempt", value: "1", type: "integer" },
      {
        name: "traceparent",
        value: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        type: "string",
      },
    ],
    correlationId: `order-${String(10_482 + (id % 3))}`,
    replyTo: "temp-queue://replies-1",
    type: "order.created",
    bodyKind: typeof body === "string" ? "text" : "bytes",
    bodyBase64: typeof body === "string" ? base64OfText(body) : base64OfBytes(body),
    deadLetter: null,
    fate: [
      { step: "accepted", at: summary.sentAt, detail: `by the primary as entry ${String(id)}` },
      { step: "stored here", at: summary.sentAt + 1, detail: "primary" },
      {
        step: "replicated",
        at: summary.sentAt + 2,
        detail: "durable on the replica; confirmed to the producer",
      },
      ...(summary.deliveryCount > 0
        ? [{ step: "delivered", at: summary.sentAt + 9, detail: "to consumer-2 on the primary" }]
        : []),
      ...(summary.deliveryCount > 0
        ? [{ step: "redelivered", at: summary.sentAt + 4_020, detail: "flagged, after the failover" }]
        : []),
    ],
  };
}

function bodyOf(id: number): string | Uint8Array {
  if (id % 4 === 3) return Uint8Array.from({ length: 96 }, (_, index) => (index * 37 + id) % 256);
  return bodies[id % 4] ?? "";
}
