import { connect, type Socket } from "node:net";
import { memoryMiB, startPair } from "./brokers.ts";
import type { Figure } from "./figures.ts";
import { produce, usualLoad } from "./load-process.ts";

export interface CrowdScale {
  readonly queues: number;
  readonly connections: number;
  readonly measureMs: number;
}

/** The rate of the same traffic alone, and among many queues and many connections that stand by. */
export async function crowd({ queues, connections, measureMs }: CrowdScale): Promise<Figure[]> {
  const pair = await startPair();
  const rate = async (): Promise<number> => {
    const load = { ...usualLoad, producers: 8, window: 100, warmUpMs: 500, measureMs };
    return (await produce({ ...load, port: pair.port, queue: "bench.crowd" })).perSecond;
  };
  const alone = await rate();
  const sockets: Socket[] = [];
  for (let index = 0; index < connections; index += 1) {
    const first = Math.floor((index * queues) / connections);
    const through = Math.floor(((index + 1) * queues) / connections);
    sockets.push(await subscriber(pair.port, first, through));
  }
  const among = await rate();
  const memory = memoryMiB(pair.pids);
  for (const socket of sockets) socket.destroy();
  await pair.stop();
  const what = `8 producers, window 100, among ${queues} queues and ${connections} connections`;
  return [
    { part: "crowd", subject: "pair", what, value: among, unit: "msg/s" },
    { part: "crowd", subject: "pair", what: "the same, against alone", value: among / alone, unit: "ratio" },
    { part: "memory", subject: "pair", what: "both brokers, among them", value: memory, unit: "MiB" },
  ];
}

/** A connection that subscribes to the queues `crowd.first` up to `crowd.through - 1`, and is served. */
async function subscriber(port: number, first: number, through: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  return await new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.write("CONNECT\naccept-version:1.2\nhost:localhost\n\n\0");
    for (let queue = first; queue < through; queue += 1) {
      const receipt = queue === through - 1 ? "receipt:last\n" : "";
      socket.write(`SUBSCRIBE\nid:${queue}\ndestination:/queue/crowd.${queue}\n${receipt}\n\0`);
    }
    let heard = "";
    socket.on("data", (chunk) => {
      heard = (heard + chunk.toString("latin1")).slice(-200);
      if (heard.includes("receipt-id:last")) resolve(socket);
    });
  });
}
