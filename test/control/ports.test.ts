import { createServer } from "node:net";
import { expect, test } from "vitest";
import { freePort, isPortFree, portHolder, portInUse } from "../../engine/host/ports.ts";

test("a port in use is told from a free one, and its holder is named", async () => {
  const server = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));

  expect(await isPortFree(port)).toBe(false);
  if (process.platform === "linux")
    expect(portHolder(port)).toMatch(new RegExp(`^[\\w.-]+ \\(pid ${process.pid}\\)$`));
  const error = await portInUse(port, "primary");
  expect(error.message).toMatch(
    new RegExp(`^Port ${port} for the primary is in use.*\\. Port \\d+ is free\\.$`),
  );
  expect(await isPortFree(Number(error.context["free"]))).toBe(true);

  await new Promise((resolve) => server.close(resolve));
  expect(await isPortFree(port)).toBe(true);
  expect(portHolder(port)).toBeNull();
});

test("a free port near another is preferred, and there is always one", async () => {
  const port = await freePort(50_000);

  expect(port).toBeGreaterThan(50_000);
  expect(await freePort(65_535)).toBeGreaterThan(0);
});

test("a chosen port is none that an outgoing connection can take before it is bound", async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));

  for (const port of ports) expect(port).toBeLessThan(32_768);
});
