import { commandLine } from "../base/command-line.ts";
import type { NextAction, NodeName, Protection } from "../control/views.ts";
import { otherNode } from "./arbiter-state.ts";
import type { PairFacts } from "./pair-view.ts";

/** What the user can usefully do next, best first: each a control operation and the CLI line that does the same. */
export function nextActionsFor(
  facts: PairFacts,
  protection: Protection,
  active: NodeName | null,
): NextAction[] {
  if (facts.recovering) return [];
  if (protection === "protected") return active === "replica" ? switchBack(facts) : [];
  if (protection === "split") return [...linkActions(facts), keep("primary"), keep("replica")];
  if (active === null) return downActions(facts);
  const other = otherNode(active);
  const { state } = facts.nodes[other];
  const actions = linkActions(facts);
  if (state === "frozen") actions.push(act("thaw", other, `Let the ${other}'s process run again.`));
  if (protection === "syncing") return actions;
  if (
    isGone(state) &&
    (facts.configuration.synchronisation === "automatic" || facts.arbiter.inSync.includes(other))
  ) {
    actions.push(
      act("start", other, `The ${other} catches up over the link and mirrors the ${active} again.`),
    );
  }
  if (!facts.arbiter.inSync.includes(other) || facts.configuration.profile === "classic") {
    actions.push(recover(active, `Recover the ${other}…`));
  }
  return actions;
}

/** The primary is back as the replica's standby: serving can return to it without a loss. */
function switchBack({ configuration }: PairFacts): NextAction[] {
  if (configuration.profile === "classic") return [];
  const explanation =
    "Clients are asked to reconnect; all that is confirmed is on both brokers before the primary serves.";
  return [{ ...act("promote", "primary", explanation), label: "Switch back to the primary" }];
}

function downActions(facts: PairFacts): NextAction[] {
  const actions: NextAction[] = [];
  for (const node of ["primary", "replica"] as const) {
    if (facts.nodes[node].state === "frozen")
      actions.push(act("thaw", node, `Let the ${node}'s process run again.`));
  }
  if (facts.promotable !== null)
    actions.push(
      act(
        "promote",
        facts.promotable,
        `The ${facts.promotable} holds everything confirmed and serves alone.`,
      ),
    );
  const [only, second] = facts.arbiter.inSync;
  const first = only !== undefined && second === undefined ? only : "primary";
  for (const node of [first, otherNode(first)]) {
    if (isGone(facts.nodes[node].state) && facts.arbiter.inSync.includes(node))
      actions.push(act("start", node, `Start the ${node} on its store.`));
  }
  if (Object.values(facts.nodes).every(({ state }) => isGone(state)))
    actions.push(recover(only ?? "replica", "Recover the pair…"));
  return actions;
}

function linkActions(facts: PairFacts): NextAction[] {
  if (facts.link.mode === "heal") return [];
  const explanation = "Bytes pass between the brokers again, without delay.";
  return [
    {
      label: "Heal the link",
      explanation,
      operation: "setLink",
      input: { mode: "heal" },
      cli: commandLine("link", "heal"),
    },
  ];
}

function act(action: "start" | "thaw" | "promote", node: NodeName, explanation: string): NextAction {
  const label = `${action.charAt(0).toUpperCase()}${action.slice(1)} the ${node}`;
  return {
    label,
    explanation,
    operation: "actOnBroker",
    input: { node, action },
    cli: commandLine(action, node),
  };
}

/** In a split each side has messages that the other lacks: only whoever says so expressly leaves some out. */
function keep(from: NodeName): NextAction {
  const cli = commandLine("recover", "--from", from, "--force");
  return { ...recover(from, `Keep the ${from}'s side…`), cli };
}

function recover(from: NodeName, label: string): NextAction {
  const to = otherNode(from);
  return {
    label,
    explanation: `Copies the ${from}'s store over the ${to}'s, whose directory is kept, then starts both. Clients wait and resume.`,
    operation: "startRecovery",
    input: { from },
    cli: commandLine("recover", "--from", from),
  };
}

function isGone(state: string): boolean {
  return (
    state === "stopped" ||
    state === "killed" ||
    state === "shut down" ||
    state === "fenced" ||
    state === "out of sync"
  );
}
