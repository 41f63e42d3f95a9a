import { Argument, type Command } from "commander";
import type { ControlClient } from "../control/client.ts";
import type { OperationInput } from "../control/contract.ts";
import type { NodeName, PairView } from "../control/views.ts";
import { otherNode } from "../supervisor/arbiter-state.ts";
import { addCommonOptions, connect, printJson, type CommonOptions, type Run } from "./command.ts";
import { pairText } from "./print.ts";

/** A standby takes over within a fraction of a second, or when it has missed the other one for `peerTimeoutMs`, or never. */
const takeoverMsMax = 3_000;
const pollMs = 20;

type Action = OperationInput<"actOnBroker">["action"];

/** `start`, `stop`, `kill`, `freeze`, `thaw` and `promote` differ by their names only, which are the actions'. */
export function define(command: Command, run: Run): void {
  const action = command.name() as Action;
  command.addArgument(new Argument("<broker>", "which one").choices(["primary", "replica"]));
  addCommonOptions(command);
  run(command, async (terminal, node: NodeName, options: CommonOptions) => {
    const client = connect(options, terminal);
    let pair = await client.actOnBroker({ node, action });
    if (action === "kill") pair = await whenTakenOver(client, pair, node);
    if (options.json === true) printJson(terminal, pair);
    else terminal.out(pairText(pair, options));
    return 0;
  });
}

/** What somebody wants to know of a kill is what became of it. */
async function whenTakenOver(client: ControlClient, killed: PairView, node: NodeName): Promise<PairView> {
  let pair = killed;
  const until = performance.now() + takeoverMsMax;
  while (
    pair.protection === "down" &&
    pair[otherNode(node)].state === "standby" &&
    performance.now() < until
  ) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    pair = await client.getPair({});
  }
  return pair;
}
