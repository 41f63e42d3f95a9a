import type { LinkMode } from "../control/views.ts";
import type { LinkFault, Passage } from "../faults/fault.ts";
import { faultOf } from "../faults/index.ts";

/** What is wrong with this node's end of the replication link, so that it can be cut, muted and delayed without being root. */
export class PeerLink {
  #fault: LinkFault = faultOf("heal");
  #delayMs = 0;
  /** Bytes handed to the link so far. */
  sentBytes = 0;

  set(mode: LinkMode, delayMs: number): void {
    this.#fault = faultOf(mode);
    this.#delayMs = delayMs;
  }

  /** Connections are torn down, and none is made. */
  get refuses(): boolean {
    return this.#fault.connections === "refuse";
  }

  /** Nobody hears anything of the other end, not even that it is gone. */
  get isMute(): boolean {
    return !this.refuses && this.passage.kind === "swallow";
  }

  get passage(): Passage {
    return this.#fault.passage({ delayMs: this.#delayMs });
  }
}
