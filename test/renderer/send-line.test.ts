import { expect, test } from "vitest";
import { emptyDraft } from "../../renderer/destinations/draft.ts";
import { sendLine } from "../../renderer/state/send-line.ts";

const command = "npm run --silent understudy --";

test("send line: names what is not as it is by default", () => {
  expect(sendLine({ ...emptyDraft("orders"), body: "it's 5" })).toBe(
    String.raw`${command} send orders 'it'\''s 5'`,
  );
  const draft = {
    ...emptyDraft("topic://prices"),
    body: "9",
    headers: [{ name: "region", value: "far north" }],
    persistent: false,
    priority: 7,
    timeToLiveMs: 60_000,
    correlationId: "c-1",
    replyTo: "answers",
    type: "quote",
    count: 3,
    schedule: { delay: "500", period: " 10 ", repeat: "-1", cron: "0 9 * * 1" },
  };

  expect(sendLine(draft)).toBe(
    `${command} send --no-persistent --priority 7 --ttl 60000 --count 3 --correlation-id c-1 --reply-to answers --type quote --header 'region=far north' --delay 500 --period 10 --repeat -1 --cron '0 9 * * 1' topic://prices 9`,
  );
});

test("send line: a body that looks like an option is none", () => {
  expect(sendLine({ ...emptyDraft("orders"), body: "--help" })).toBe(`${command} send -- orders --help`);
});

test("send line: bytes come on standard input", () => {
  expect(sendLine({ ...emptyDraft("orders"), body: "AP8=\n", encoding: "base64" })).toBe(
    `printf %s 'AP8=' | base64 -d | ${command} send orders`,
  );
});
