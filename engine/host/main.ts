import { BrokerError } from "../base/errors.ts";
import { exitCodes, type SupervisorOrder } from "../supervisor/channel.ts";
import { HostedBroker } from "./broker.ts";
import { rehearsing } from "./rehearsal.ts";
import { parentSupervision } from "./supervision.ts";

/**
 * A broker process of a supervised pair. The supervisor's first order is its configuration, so that no secret stands
 * in its arguments; when the channel to the supervisor closes it ends in order, so that nothing is left behind.
 */
let broker: HostedBroker | null = null;

process.on("message", (order: SupervisorOrder) => {
  if (order.kind === "configure") start(order);
  else broker?.take(order);
});
process.on("disconnect", () => {
  if (broker === null) process.exit(0);
  broker.stop(true);
});
// The supervisor stops its brokers in order; a terminal's Ctrl+C reaches the whole group at once.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => broker?.stop(false));

function start({ configuration }: Extract<SupervisorOrder, { kind: "configure" }>): void {
  try {
    broker = new HostedBroker(configuration, rehearsing(parentSupervision));
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    parentSupervision.report({ kind: "ending", reason: "failure", text: error.message });
    finish(exitCodes.failure);
    return;
  }
  void broker.ended.then(finish);
  broker.start();
}

/** Ends once the last report has left. */
function finish(exitCode: number): void {
  process.exitCode = exitCode;
  setTimeout(() => process.exit(exitCode), 50);
}
