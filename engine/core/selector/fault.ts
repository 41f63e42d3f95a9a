import { BrokerError } from "../../base/errors.ts";

/** What is wrong with a selector, where (columns count from 1), and what to write instead. */
export function selectorFault(problem: string, column: number, advice: string): BrokerError {
  return new BrokerError("SELECTOR_INVALID", { problem, column, advice });
}
