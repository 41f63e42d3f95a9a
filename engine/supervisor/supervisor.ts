import type { ControlService } from "../control/contract.ts";
import type { PairEvent, TimelineEvent } from "../control/events.ts";
import type { PairConfiguration } from "../config/configuration.ts";

/** Everything a window, the CLI or the HTTP server does with a running pair. */
export interface Supervisor {
  readonly service: ControlService;
  readonly events: {
    /** Calls `listener` with every event from now on; returns what ends it. */
    subscribe(listener: (event: PairEvent) => void): () => void;
    /** The same without views, which cost something to make for a large pair. */
    follow(listener: (event: TimelineEvent) => void): () => void;
  };
  readonly configuration: PairConfiguration;
  /** Stops both brokers in order, the active one first, so that both stores end equal; then the client host. */
  stop(): Promise<void>;
}
