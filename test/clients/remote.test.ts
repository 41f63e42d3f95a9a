import { afterEach, expect, test } from "vitest";
import { join } from "node:path";
import { failoverUriOf } from "../../engine/client/failover-uri.ts";
import type { HostReport } from "../../engine/clients/channel.ts";
import { RemoteClients } from "../../engine/clients/remote.ts";
import { builtInClient } from "../../engine/control/views.ts";
import { Queue } from "../client/peer.ts";
import { TinyBroker, TinyStore } from "./tiny-broker.ts";

const runtime = {
  execPath: process.execPath,
  env: process.env,
  entry: () => join(import.meta.dirname, "..", "..", "engine", "clients", "main.ts"),
};

const reports = new Queue<HostReport>();
const notices = new Queue<string>();
const clients = new RemoteClients({
  runtime,
  onReport: (report) => reports.put(report),
  onNotice: (notice) => notices.put(notice.text),
});

afterEach(async () => clients.stop());

async function statistics(
  wanted: (confirmed: number) => boolean,
): Promise<Extract<HostReport, { kind: "statistics" }>> {
  for (;;) {
    const report = await reports.take();
    if (report.kind === "statistics" && wanted(report.ledger.confirmed)) return report;
  }
}

test(
  "remote clients: a process that dies is started again with its clients",
  { timeout: 30_000 },
  async () => {
    const broker = await TinyBroker.listen(new TinyStore());
    const settings = builtInClient.parse({ role: "producer", destination: "orders", ratePerSecond: 200 });
    expect(clients.list()).toEqual([]);
    expect(() => clients.add(settings, "failover:(tcp://a)")).toThrow("is not an address");

    const id = clients.add(settings, failoverUriOf([broker.port]));
    expect(id).toBe("producer-1");
    const before = await statistics((confirmed) => confirmed > 10);
    expect(before.actors).toMatchObject([{ id, state: "connected", attempts: 0 }]);
    expect(clients.update(id, { ratePerSecond: 300 }).settings.ratePerSecond).toBe(300);
    expect((await clients.outstanding(1))?.messages).toEqual([
      {
        destination: "queue://orders",
        producer: expect.stringMatching(/^producer-1\.[0-9a-f]{8}\.1$/) as string,
        sequence: 1,
      },
    ]);

    process.kill(clients.pid!, "SIGKILL");
    expect(await notices.take()).toBe(
      "The process of the built-in clients was ended by SIGKILL. Its one client is started again, and the ledger begins anew.",
    );
    const after = await statistics((confirmed) => confirmed > 10);
    expect(after.actors).toMatchObject([{ id, state: "connected" }]);

    clients.remove(id);
    expect(() => clients.remove(id)).toThrow("does not exist");
    await clients.stop();
    expect(clients.pid).toBe(null);
    await broker.die();
  },
);
