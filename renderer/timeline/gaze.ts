import type { Span } from "./layout.ts";

/** Where in time the window looks. The window's state keeps it; the timeline only turns keys and pointers into these. */
export interface TimelineGaze {
  readonly isLive: boolean;
  readonly spanMs: number;
  readonly selection: Span | null;
  /** The span in view at the moment of asking. */
  span(): Span;
  toggle(): void;
  follow(): void;
  zoom(factor: number, anchor?: number): void;
  /** By a part of the span in view; beyond now it follows again. */
  pan(ratio: number): void;
  look(span: Span): void;
  select(from: number, to: number): void;
  extendSelection(ratio: number): void;
  clearSelection(): void;
}
