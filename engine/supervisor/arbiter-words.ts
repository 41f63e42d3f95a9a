import { commandLine } from "../base/command-line.ts";
import type { NodeName } from "../control/views.ts";
import { otherNode, type ArbiterOptions, type ArbiterState, type NodeFacts } from "./arbiter-state.ts";

/** The arbiter's refusals in sentences: what was refused, which epoch stands in the way, and what to do. */
interface Denial {
  readonly node: NodeName;
  readonly wish: "active" | "alone";
  readonly state: ArbiterState;
  readonly nodes: Readonly<Record<NodeName, NodeFacts>>;
  readonly options: ArbiterOptions;
}

export function denialFor({ node, wish, state, nodes, options }: Denial): string {
  const other = otherNode(node);
  if (nodes[node].lacking) {
    return `The ${node}'s store does not hold what it held before, so it must not serve. Restore it with the recovery copy (${commandLine("recover")}).`;
  }
  if (!state.inSync.includes(node)) return superseded(node, state);
  if (wish === "alone" && state.holder === node) {
    return `The ${node} waits for the ${other}: waitForReplica is ${JSON.stringify(options.waitForReplica)}, so nothing is confirmed without it.`;
  }
  if (state.holder === other && nodes[other].granted) {
    return `The ${other} is active under epoch ${state.epoch} and answers; the ${node} stays out until it can follow it again.`;
  }
  return superseded(node, state);
}

function superseded(node: NodeName, state: ArbiterState): string {
  const other = otherNode(node);
  return (
    `Epoch ${state.epoch}, granted to the ${state.holder ?? other}, supersedes the ${node}: entries may have been confirmed that its store does not hold. ` +
    `Run the recovery copy to bring it back (${commandLine("recover")}).`
  );
}

export function promotionRefusal(
  node: NodeName,
  state: ArbiterState,
  nodes: Readonly<Record<NodeName, NodeFacts>>,
): string | null {
  const other = otherNode(node);
  if (nodes[node].process !== "opened")
    return `The ${node} does not run. Start it first (${commandLine("start", node)}).`;
  if (nodes[node].granted) return `The ${node} is active already.`;
  const mayHandOver =
    nodes[other].granted && nodes[node].followed && !state.alone && state.inSync.includes(node);
  if (mayHandOver) return null;
  if (nodes[other].process !== "none" && !nodes[other].barred) {
    return `The ${other} runs and is or may become active. Stop or kill it first (${commandLine("stop", other)}).`;
  }
  if (!state.inSync.includes(node) || nodes[node].lacking) {
    return `The ${node}'s store lacks confirmed messages that the ${other}'s holds: promoting it would lose them. Start the ${other} (${commandLine("start", other)}) or run the recovery copy.`;
  }
  return null;
}
