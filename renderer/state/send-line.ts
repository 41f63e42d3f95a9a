import type { Draft } from "../destinations/draft.ts";
import { cliLine } from "../shared/cli.ts";
import { wishesOf } from "./composer.svelte.ts";

/** The command line that sends this draft. */
export function sendLine(draft: Draft): string {
  const options = [
    ...(draft.persistent ? [] : ["--no-persistent"]),
    ...(draft.priority === 4 ? [] : ["--priority", String(draft.priority)]),
    ...(draft.timeToLiveMs === null ? [] : ["--ttl", String(draft.timeToLiveMs)]),
    ...(draft.count === 1 ? [] : ["--count", String(draft.count)]),
    ...given("--correlation-id", draft.correlationId),
    ...given("--reply-to", draft.replyTo),
    ...given("--type", draft.type),
    ...draft.headers.flatMap(({ name, value }) =>
      name.trim() === "" ? [] : ["--header", `${name.trim()}=${value}`],
    ),
    ...wishesOf(draft).flatMap((wish) => given(`--${wish}`, draft.schedule[wish])),
  ];
  if (draft.encoding === "text")
    return cliLine("send", ...options, ...operands(draft.destination, draft.body));
  const bytes = `printf %s '${draft.body.replaceAll(/[^\w+/=]/g, "")}' | base64 -d`;
  return `${bytes} | ${cliLine("send", ...options, ...operands(draft.destination))}`;
}

/** Behind `--` nothing is taken for an option. */
function operands(...words: readonly string[]): readonly string[] {
  return words.some((word) => word.startsWith("-")) ? ["--", ...words] : words;
}

function given(option: string, value: string): string[] {
  return value.trim() === "" ? [] : [option, value.trim()];
}
