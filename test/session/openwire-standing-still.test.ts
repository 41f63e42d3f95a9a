import { expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { TestClient } from "./openwire-client.ts";

test("openwire: a process that stood still gives a client that has not spoken yet the whole time again", () => {
  const client = new TestClient("new");
  client.standsStill(60_000);
  client.passes(limits.connectTimeoutMs - 1);
  expect(client.isEnded).toBe(false);

  client.passes(1);
  expect(client.isEnded).toBe(true);
});

test("openwire: after a standstill of this process the client's silence is not held against it", () => {
  const client = new TestClient();
  client.standsStill(60_000);
  expect(client.isEnded).toBe(false);

  client.passes(30_000);
  expect(client.isEnded).toBe(true);
});
