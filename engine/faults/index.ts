import type { LinkMode } from "../control/views.ts";
import { assert } from "../base/assert.ts";
import { cut } from "./cut.ts";
import { delay } from "./delay.ts";
import type { LinkFault } from "./fault.ts";
import { halfOpen } from "./half-open.ts";
import { heal } from "./heal.ts";

/** All that can be wrong with the link; to add a fault, write its file, list it here and name its mode in the contract. */
export const faults: readonly LinkFault[] = [heal, cut, halfOpen, delay];

/** The fault of that mode. */
export function faultOf(mode: LinkMode): LinkFault {
  const fault = faults.find((one) => one.mode === mode);
  assert(fault !== undefined, `there is a fault for the mode ${mode}`);
  return fault;
}
