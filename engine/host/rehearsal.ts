import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrokerConfiguration } from "../config/configuration.ts";
import { HostedBroker } from "./broker.ts";
import type { Supervision } from "./supervision.ts";

/** A standby that has just taken its place has other things to do. */
const delayMs = 300;
const guestCount = 32;
const guestsAtOnce = 8;
/** Between guests the process belongs to the standby. */
const pauseMs = 10;
const visitMs = 1_000;

/** Written out, as what checks configurations is not loaded in a broker's process, and is large. */
const rehearsal: Omit<BrokerConfiguration, "dataDirectory"> = {
  name: "rehearsal",
  role: "primary",
  profile: "classic",
  durability: "process-crash",
  host: "127.0.0.1",
  port: 0,
  primaryConnector: null,
  arbiter: null,
  synchronisation: "manual",
  waitForReplica: false,
  waitForReplicaTimeoutMs: 0,
  shutdownOnPrimaryFailure: false,
  shutdownOnReplicaFailure: false,
  peerTimeoutMs: 2_000,
  users: [],
  deleteAllMessagesOnStartup: false,
};

/** What one guest says: it sends, gets it back, acknowledges in a transaction, and goes. */
const script = [
  "CONNECT\naccept-version:1.2\nhost:rehearsal\n\n\0",
  "SUBSCRIBE\nid:s\ndestination:/queue/rehearsal\nack:client-individual\n\n\0",
  "SEND\ndestination:/queue/rehearsal\npersistent:true\nreceipt:1\n\nhello\0",
  "BEGIN\ntransaction:t\n\n\0SEND\ndestination:/topic/rehearsal\ntransaction:t\n\nhello\0COMMIT\ntransaction:t\n\n\0",
  "DISCONNECT\nreceipt:last\n\n\0",
].join("");

/**
 * A standby has never served anybody, and what serves clients is compiled when it is first used: they would wait for
 * that at a failover, of all times. So it rehearses once, with a broker of its own that keeps nothing and with guests
 * that it plays itself. It stops when the process has something else to do than to stand by.
 */
export function rehearsing(supervision: Supervision): Supervision {
  const showtime = new AbortController();
  let isPlanned = false;
  return {
    report: (report) => {
      supervision.report(report);
      if (report.kind === "ending") showtime.abort();
      if (report.kind !== "state") return;
      const isStandby = report.status.state === "standby" && report.status.attached;
      if (isPlanned && !isStandby) showtime.abort();
      if (isPlanned || !isStandby) return;
      isPlanned = true;
      // Where it fails nothing is lost but time.
      setTimeout(() => void rehearse(showtime.signal).catch(() => undefined), delayMs).unref();
    },
  };
}

/** Returns how many guests got all their answers. */
export async function rehearse(signal: AbortSignal): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "understudy-rehearsal-"));
  try {
    return await perform(directory, signal);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function perform(dataDirectory: string, signal: AbortSignal): Promise<number> {
  const port = Promise.withResolvers<number>();
  const broker = new HostedBroker(
    { ...rehearsal, dataDirectory },
    {
      report: (report) => {
        if (report.kind === "state" && report.status.port !== null) port.resolve(report.status.port);
      },
    },
  );
  broker.start();
  let served = 0;
  try {
    for (let count = 0; count < guestCount && !signal.aborted; count += guestsAtOnce) {
      const reached = await port.promise;
      const visits = await Promise.all(Array.from({ length: guestsAtOnce }, () => visit(reached)));
      served += visits.filter((isServed) => isServed).length;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return served;
  } finally {
    broker.stop(false);
    await broker.ended;
  }
}

/** One guest, until it is gone; whether it was served. */
async function visit(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    let isServed = false;
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(script));
    socket.setTimeout(visitMs, () => socket.destroy());
    socket.on("error", () => undefined);
    socket.on("data", (answer) => {
      isServed ||= answer.includes("receipt-id:last");
      if (isServed) socket.end();
    });
    socket.on("close", () => resolve(isServed));
  });
}
