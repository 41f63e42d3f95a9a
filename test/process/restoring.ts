import type { OperationId } from "../../engine/control/contract.ts";
import type { ControlClient } from "../../engine/control/client.ts";
import type { Pair } from "./pair.ts";
import { patienceMs } from "./program.ts";

/**
 * Makes the pair protected again by what the product itself advises: the first of its next actions, again and again.
 * Returns what was done.
 */
export async function followAdvice(pair: Pair): Promise<string[]> {
  const deadline = performance.now() + 2 * patienceMs;
  const done: string[] = [];
  for (;;) {
    const view = await pair.view();
    const { state } = await pair.control.getRecovery({});
    if (view.protection === "protected" && state !== "running") return done;
    if (performance.now() > deadline)
      throw new Error(`not protected after ${done.join(", ")}: ${JSON.stringify(view, null, 1)}`);
    const [advice] = view.nextActions;
    if (advice === undefined) {
      await pair.somethingHappens();
      continue;
    }
    try {
      await perform(pair.control, advice.operation, advice.input);
      done.push(advice.cli);
    } catch (error) {
      // The state changed between advice and action, or the action failed: whether that is so shows in the next advice.
      done.push(`${advice.cli} (${(error as Error).message})`);
      await pair.somethingHappens();
    }
  }
}

async function perform(
  control: ControlClient,
  operation: OperationId,
  input: Record<string, unknown>,
): Promise<void> {
  const call = control[operation] as (input: Record<string, unknown>) => Promise<unknown>;
  await call(input);
}
