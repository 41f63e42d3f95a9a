import type { NextAction } from "../../engine/control/views.ts";
import type { Backend } from "../backend.ts";
import type { Memory } from "../shared/remembered.ts";
import { copyText } from "../shared/clipboard.ts";
import { Composer } from "./composer.svelte.ts";
import { Commands } from "./commands.svelte.ts";
import { Notices } from "./notices.svelte.ts";
import { PairMonitor } from "./pair-monitor.svelte.ts";
import { Preferences } from "./preferences.svelte.ts";
import { QueueBrowser } from "./queue-browser.svelte.ts";
import { RecoveryPanel } from "./recovery-panel.svelte.ts";
import { TimelineView } from "./timeline-view.svelte.ts";

/** All state of one window, put together. */
export class WindowState {
  readonly notices = new Notices();
  readonly monitor: PairMonitor;
  readonly gaze: TimelineView;
  readonly browser: QueueBrowser;
  readonly composer: Composer;
  readonly recovery: RecoveryPanel;
  readonly preferences: Preferences;
  readonly commands: Commands;
  dialog = $state<"none" | "snippets" | "about">("none");

  constructor(backend: Backend, memory: Memory) {
    this.monitor = new PairMonitor(backend, this.notices);
    this.gaze = new TimelineView(() => this.monitor.now());
    this.browser = new QueueBrowser(backend);
    this.composer = new Composer(backend, memory);
    this.recovery = new RecoveryPanel(backend);
    this.preferences = new Preferences(memory);
    this.commands = new Commands(this);
  }

  readonly fail = (error: unknown): void => this.notices.fail(error);

  /** Copies and says so: the place one copied from is often gone by then. */
  readonly copy = (text: string): void => {
    copyText(text).then(() => this.notices.tell(`Copied: ${text}`), this.fail);
  };

  /** Where new clients go: the queue one looks at, else the demo's. */
  get destination(): string {
    return this.browser.destination ?? "demo";
  }

  get isRecoveryShown(): boolean {
    return this.recovery.plan.kind !== "closed" || this.monitor.recovery?.state === "running";
  }

  /** A recovery first says what it would do; everything else happens at once. */
  take(action: NextAction): void {
    const { from } = action.input;
    if (action.operation === "startRecovery")
      void this.recovery.check(from === "primary" || from === "replica" ? from : null);
    else void this.monitor.take(action);
  }
}
