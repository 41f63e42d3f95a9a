import type { BrokerReport, NodeStatus } from "../supervisor/channel.ts";

/** Whoever watches over a broker process: its supervisor, or the terminal it was started in. */
export interface Supervision {
  report(report: BrokerReport): void;
}

/** Reports over the channel to the process that started this one. */
export const parentSupervision: Supervision = {
  report: (report) => {
    // A supervisor that is gone cannot be told; the broker stops when the channel closes.
    if (process.connected) process.send?.(report);
  },
};

/** Reports for people: one line each, on the standard error stream. */
export const terminalSupervision: Supervision = {
  report: (report) => {
    const line = terminalLine(report);
    if (line !== null) process.stderr.write(`${line}\n`);
  },
};

/** The same reports for scripts: one JSON value a line, on standard output. */
export const jsonSupervision: Supervision = {
  report: (report) => {
    const event = eventOf(report);
    if (event !== null) process.stdout.write(`${JSON.stringify(event)}\n`);
  },
};

function terminalLine(report: BrokerReport): string | null {
  switch (report.kind) {
    case "state":
      return stateText(report.status);
    case "notice":
      return `${report.severity}: ${report.text}`;
    case "ending":
      return `ends: ${report.text}`;
    default:
      return null;
  }
}

/** Begins with what it is, as the events of `up` do. */
function eventOf(report: BrokerReport): object | null {
  const at = Date.now();
  switch (report.kind) {
    case "state": {
      const { state, reason, port, attached, position } = report.status;
      const text = stateText(report.status);
      return {
        event: "state",
        at,
        state,
        reason,
        port,
        attached,
        epoch: position.epoch,
        op: position.op,
        text,
      };
    }
    case "notice":
      return { event: "notice", at, severity: report.severity, text: report.text };
    case "ending":
      return { event: "ending", at, reason: report.reason, text: report.text };
    default:
      return null;
  }
}

function stateText({ state, reason, port, attached, position }: NodeStatus): string {
  const where = port === null ? "" : ` on port ${port}`;
  const peer = attached ? ", replica attached" : "";
  return `${state}${where}${state === "active" ? peer : ""} (epoch ${position.epoch}, entry ${position.op})${reason === null ? "" : `: ${reason}`}`;
}
