import type { BrokerReport } from "../supervisor/channel.ts";

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

function terminalLine(report: BrokerReport): string | null {
  switch (report.kind) {
    case "state": {
      const { state, reason, port, attached, position } = report.status;
      const where = port === null ? "" : ` on port ${port}`;
      const peer = attached ? ", replica attached" : "";
      return `${state}${where}${state === "active" ? peer : ""} (epoch ${position.epoch}, entry ${position.op})${reason === null ? "" : `: ${reason}`}`;
    }
    case "notice":
      return `${report.severity}: ${report.text}`;
    case "ending":
      return `ends: ${report.text}`;
    default:
      return null;
  }
}
