import type { Memory } from "../shared/remembered.ts";

export type Theme = "system" | "light" | "dark";
export type LowerTab = "destinations" | "events";

interface Panes {
  /** Widths and heights in pixels. */
  side: number;
  /** `null`: nobody has chosen one yet. */
  lower: number | null;
}

const themes: readonly Theme[] = ["system", "light", "dark"];

/** How this person likes the window; remembered at each change. */
export class Preferences {
  theme = $state<Theme>("system");
  panes = $state<Panes>({ side: 344, lower: null });
  tab = $state<LowerTab>("destinations");
  isSideOpen = $state(true);
  isLowerOpen = $state(true);
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.theme = memory.read<Theme>("theme", "system");
    this.panes = { ...this.panes, ...memory.read<Partial<Panes>>("panes", {}) };
    this.tab = memory.read<LowerTab>("tab", "destinations");
    this.isSideOpen = memory.read("side", true);
    this.isLowerOpen = memory.read("lower", true);
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.#memory.write("theme", theme);
  }

  nextTheme(): void {
    this.setTheme(themes[(themes.indexOf(this.theme) + 1) % themes.length] ?? "system");
  }

  setPane(name: keyof Panes, pixels: number): void {
    this.panes = { ...this.panes, [name]: Math.round(pixels) };
    this.#memory.write("panes", this.panes);
  }

  show(tab: LowerTab): void {
    this.tab = tab;
    this.isLowerOpen = true;
    this.#memory.write("tab", tab);
    this.#memory.write("lower", true);
  }

  toggleSide(): void {
    this.isSideOpen = !this.isSideOpen;
    this.#memory.write("side", this.isSideOpen);
  }

  toggleLower(): void {
    this.isLowerOpen = !this.isLowerOpen;
    this.#memory.write("lower", this.isLowerOpen);
  }
}
