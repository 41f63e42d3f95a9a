import { connect, type Socket } from "node:net";
import { Client, StompHeaders, type IStompSocket } from "@stomp/stompjs";
import { onTestFinished } from "vitest";
import { arrivalOf, labelled, type Traffic } from "./traffic.ts";

interface Ports {
  readonly primary: number;
  readonly replica: number;
}

/** stompjs speaks over WebSockets only; this gives it a plain connection that looks like one. */
function socketLike(port: number): IStompSocket {
  const socket: Socket = connect({ port, host: "127.0.0.1" });
  const shim: IStompSocket = {
    url: `tcp://127.0.0.1:${port}`,
    readyState: 0,
    binaryType: "arraybuffer",
    onopen: null,
    onmessage: null,
    onerror: null,
    onclose: null,
    send: (data) => void socket.write(data as string | Uint8Array),
    close: () => void socket.end(),
    terminate: () => void socket.destroy(),
  };
  const become = (readyState: number): void => void Object.assign(shim, { readyState });
  socket.once("connect", () => {
    become(1);
    shim.onopen?.();
  });
  socket.on("data", (bytes) => {
    shim.onmessage?.({ data: new Uint8Array(bytes).buffer });
  });
  socket.on("error", (error) => {
    shim.onerror?.(error);
  });
  socket.once("close", () => {
    become(3);
    shim.onclose?.({ code: 1006, reason: "", wasClean: false });
  });
  return shim;
}

/** A stompjs client that tries one broker after the other. Ended with the test. */
export function stompjsFailover({ primary, replica }: Ports, onConnect: (client: Client) => void): Client {
  const ports = [primary, replica];
  let attempts = 0;
  const client = new Client();
  client.webSocketFactory = () => socketLike(ports[attempts++ % ports.length] ?? primary);
  client.reconnectDelay = 10;
  client.heartbeatIncoming = 0;
  client.heartbeatOutgoing = 0;
  client.onConnect = () => onConnect(client);
  client.activate();
  onTestFinished(() => client.deactivate({ force: true }));
  return client;
}

/** Sends messages, each when the one before is confirmed, `until` it is enough. */
export async function stompjsProducer(
  ports: Ports,
  { destination, traffic, until }: { destination: string; traffic: Traffic; until: () => boolean },
): Promise<void> {
  await new Promise<void>((resolve) => {
    let number = 0;
    let attempt = 0;
    let receipts = 0;
    const sendNext = (client: Client): void => {
      attempt += 1;
      const sending = { producer: "p1", number, attempt };
      const receipt = `receipt-${++receipts}`;
      client.watchForReceipt(receipt, () => {
        traffic.confirmed([sending]);
        number += 1;
        attempt = 0;
        if (!until()) return sendNext(client);
        resolve();
        void client.deactivate({ force: true });
      });
      const headers = Object.assign(new StompHeaders(), labelled(destination, sending), { receipt });
      client.publish({ destination, body: `message ${number}`, headers });
    };
    stompjsFailover(ports, sendNext);
  });
}

export function startStompjsConsumer(
  ports: Ports,
  { destination, traffic }: { destination: string; traffic: Traffic },
): Client {
  return stompjsFailover(ports, (client) => {
    client.subscribe(
      destination,
      (message) => {
        traffic.arrived(arrivalOf(message.headers));
        message.ack();
      },
      Object.assign(new StompHeaders(), { ack: "client" }),
    );
  });
}
