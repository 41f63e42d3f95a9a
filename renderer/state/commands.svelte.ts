import type { NodeName } from "../../engine/control/views.ts";
import { matches, type Command } from "../commands/command.ts";
import { isOffered } from "../pair/words.ts";
import { cliLine } from "../shared/cli.ts";
import type { BrokerAction } from "./pair-monitor.svelte.ts";
import type { WindowState } from "./window.svelte.ts";

const brokerShortcuts: Readonly<Record<NodeName, Partial<Record<BrokerAction, string>>>> = {
  primary: { kill: "Alt+P", start: "Alt+Shift+P" },
  replica: { kill: "Alt+R", start: "Alt+Shift+R" },
};
const actionWords: Readonly<Record<BrokerAction, string>> = {
  kill: "Kill",
  freeze: "Freeze",
  thaw: "Thaw",
  stop: "Stop",
  start: "Start",
  promote: "Promote",
};

/** Every action of the window by name. What makes no sense now is not listed. */
export class Commands {
  isPaletteOpen = $state(false);
  readonly #window: WindowState;
  readonly list: readonly Command[] = $derived.by(() => this.#all());

  constructor(window: WindowState) {
    this.#window = window;
  }

  /** Runs the command whose shortcut this is; says whether there was one. */
  press(event: KeyboardEvent): boolean {
    const command = this.list.find(({ shortcut }) => shortcut !== undefined && matches(shortcut, event));
    command?.run();
    return command !== undefined;
  }

  #all(): Command[] {
    return [
      ...this.#next(),
      ...this.#brokers("primary"),
      ...this.#brokers("replica"),
      ...this.#link(),
      ...this.#clients(),
      ...this.#messages(),
      ...this.#timeline(),
      ...this.#view(),
    ];
  }

  #next(): Command[] {
    const { monitor } = this.#window;
    const actions = (monitor.pair?.nextActions ?? []).map((action, index) => ({
      id: `next-${String(index)}`,
      group: "Next",
      title: action.label,
      cli: action.cli,
      run: () => this.#window.take(action),
    }));
    const recovery = monitor.recovery;
    const undo =
      (recovery?.kept ?? null) === null || recovery?.state === "running"
        ? []
        : [
            {
              id: "show-recovery",
              group: "Next",
              title: "Show the last recovery",
              run: () => this.#window.recovery.show(),
            },
            {
              id: "undo-recovery",
              group: "Next",
              title: "Undo recovery",
              run: () => void this.#window.recovery.undo(),
            },
          ];
    return [
      ...actions,
      ...undo,
      {
        id: "recovery",
        group: "Next",
        title: "Recovery: what would be copied?",
        shortcut: "Alt+C",
        cli: cliLine("recover", "--dry-run"),
        run: () => void this.#window.recovery.check(),
      },
    ];
  }

  #brokers(node: NodeName): Command[] {
    const { monitor } = this.#window;
    const broker = monitor.pair?.[node];
    if (broker === undefined) return [];
    return (Object.keys(actionWords) as BrokerAction[])
      .filter((action) => isOffered(action, broker.state))
      .map((action) => {
        const shortcut = brokerShortcuts[node][action];
        return {
          id: `${action}-${node}`,
          group: "Brokers",
          title: `${actionWords[action]} ${node}`,
          cli: cliLine(action, node),
          run: () => void monitor.act(node, action),
          ...(shortcut === undefined ? {} : { shortcut }),
        };
      });
  }

  #link(): Command[] {
    const { monitor } = this.#window;
    const isHealed = monitor.pair?.link.mode === "heal";
    const all: Command[] = [
      {
        id: "link-heal",
        group: "Link",
        title: "Heal the link",
        cli: cliLine("link", "heal"),
        run: () => void monitor.setLink("heal"),
      },
      {
        id: "link-cut",
        group: "Link",
        title: "Cut the link",
        cli: cliLine("link", "cut"),
        run: () => void monitor.setLink("cut"),
      },
      {
        id: "link-half-open",
        group: "Link",
        title: "Make the link half-open",
        cli: cliLine("link", "half-open"),
        run: () => void monitor.setLink("half-open"),
      },
      {
        id: "link-delay",
        group: "Link",
        title: "Delay the link by 100 ms",
        cli: cliLine("link", "delay", "100"),
        run: () => void monitor.setLink("delay", 100),
      },
    ];
    return all
      .filter((command) => (command.id === "link-heal") !== isHealed)
      .map((command) =>
        command.id === (isHealed ? "link-cut" : "link-heal") ? { ...command, shortcut: "Alt+L" } : command,
      );
  }

  #clients(): Command[] {
    const { monitor } = this.#window;
    const destination = this.#window.destination;
    const resets = monitor.clients.filter((client) => client.builtIn).length;
    return [
      {
        id: "demo",
        group: "Clients",
        title: "Start the demo: a producer and a consumer",
        run: () => void monitor.startDemo(),
      },
      {
        id: "add-producer",
        group: "Clients",
        title: `Add producer on ${destination}`,
        shortcut: "Alt+N",
        run: () => void monitor.addClient({ role: "producer", destination }),
      },
      {
        id: "add-consumer",
        group: "Clients",
        title: `Add consumer on ${destination}`,
        shortcut: "Alt+M",
        run: () => void monitor.addClient({ role: "consumer", destination, window: 100 }),
      },
      ...(resets === 0
        ? []
        : [
            {
              id: "remove-clients",
              group: "Clients",
              title: `Remove all ${String(resets)} built-in clients`,
              run: () => void this.#removeClients(),
            },
          ]),
      {
        id: "reset-ledger",
        group: "Clients",
        title: "Start a new ledger",
        run: () => void monitor.resetLedger(),
      },
      {
        id: "snippets",
        group: "Clients",
        title: "Connect your own client: snippets",
        shortcut: "Alt+I",
        run: () => (this.#window.dialog = "snippets"),
      },
      {
        id: "copy-uri",
        group: "Clients",
        title: "Copy the failover URI",
        shortcut: "Alt+U",
        run: () => this.#window.copy(monitor.pair?.failoverUri ?? ""),
      },
    ];
  }

  #messages(): Command[] {
    const { composer, browser } = this.#window;
    const selected = browser.destination;
    return [
      {
        id: "send",
        group: "Messages",
        title: "Send a message…",
        shortcut: "Alt+S",
        run: () => composer.write(selected ?? undefined),
      },
      ...(selected === null
        ? []
        : [
            {
              id: "browse",
              group: "Messages",
              title: `Read ${selected} again`,
              run: () => void browser.reload(),
              cli: cliLine("browse", selected),
            },
          ]),
    ];
  }

  #timeline(): Command[] {
    const { gaze } = this.#window;
    return [
      {
        id: "live",
        group: "Timeline",
        title: gaze.isLive ? "Pause the timeline" : "Follow live",
        run: () => gaze.toggle(),
      },
      { id: "zoom-in", group: "Timeline", title: "Zoom in", run: () => gaze.zoom(0.5) },
      { id: "zoom-out", group: "Timeline", title: "Zoom out", run: () => gaze.zoom(2) },
      ...(gaze.selection === null
        ? []
        : [
            {
              id: "clear-selection",
              group: "Timeline",
              title: "Clear the selection",
              run: () => gaze.clearSelection(),
            },
          ]),
    ];
  }

  #view(): Command[] {
    const { preferences } = this.#window;
    return [
      {
        id: "palette",
        group: "View",
        title: "Command palette",
        shortcut: "Mod+K",
        run: () => (this.isPaletteOpen = !this.isPaletteOpen),
      },
      {
        id: "theme",
        group: "View",
        title: `Theme: ${preferences.theme}, switch to the next`,
        shortcut: "Alt+T",
        run: () => preferences.nextTheme(),
      },
      {
        id: "destinations",
        group: "View",
        title: "Show destinations",
        shortcut: "Alt+1",
        run: () => preferences.show("destinations"),
      },
      {
        id: "events",
        group: "View",
        title: "Show events in words",
        shortcut: "Alt+2",
        run: () => preferences.show("events"),
      },
      {
        id: "side",
        group: "View",
        title: preferences.isSideOpen ? "Hide clients" : "Show clients",
        shortcut: "Alt+B",
        run: () => preferences.toggleSide(),
      },
      {
        id: "lower",
        group: "View",
        title: preferences.isLowerOpen ? "Hide the lower pane" : "Show the lower pane",
        shortcut: "Alt+J",
        run: () => preferences.toggleLower(),
      },
      { id: "about", group: "View", title: "About Understudy", run: () => (this.#window.dialog = "about") },
    ];
  }

  async #removeClients(): Promise<void> {
    const { monitor } = this.#window;
    for (const client of monitor.clients.filter((other) => other.builtIn)) await monitor.removeClient(client);
  }
}
