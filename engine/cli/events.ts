import type { Command } from "commander";
import type { TimelineEvent } from "../control/events.ts";
import { addCommonOptions, connect, wholeNumber, type CommonOptions, type Run } from "./command.ts";
import { eventJson, eventText } from "./print.ts";

interface EventsOptions extends CommonOptions {
  readonly after?: number;
  readonly follow: boolean;
}

export function define(command: Command, run: Run): void {
  command
    .option(
      "--after <id>",
      "begin after the event with this number; 0 is the oldest kept (default: from now on)",
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    )
    .option("--no-follow", "end after the events there are (from the oldest kept, unless --after)");
  addCommonOptions(command);
  run(command, async (terminal, options: EventsOptions) => {
    const client = connect(options, terminal);
    const print = (event: TimelineEvent): void => {
      terminal.out(options.json === true ? eventJson(event) : eventText(event));
    };
    if (options.follow) {
      for await (const event of client.events(options.after ?? null, terminal.untilStopped())) print(event);
      return 0;
    }
    let after = options.after ?? 0;
    for (;;) {
      const { events } = await client.listEvents({ after });
      for (const event of events) print(event);
      const last = events.at(-1);
      if (last === undefined) return 0;
      after = last.id;
    }
  });
}
