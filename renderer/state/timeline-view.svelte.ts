import type { TimelineGaze } from "../timeline/gaze.ts";
import { panned, spanMsMax, spanMsMin, zoomed, type Span } from "../timeline/layout.ts";

/** Following now, or held at a moment. */
type Gaze = { kind: "live" } | { kind: "paused"; to: number; isForSelection?: true };

/** Long enough for a kill and a recovery, short enough to see a blackout of 30 ms. */
const spanMsDefault = 30_000;
/** Room to the right of now, as a share of the span, so that what just happened is not at the very edge. */
const leadRatio = 0.02;

export class TimelineView implements TimelineGaze {
  #gaze = $state.raw<Gaze>({ kind: "live" });
  spanMs = $state(spanMsDefault);
  selection = $state.raw<Span | null>(null);
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get isLive(): boolean {
    return this.#gaze.kind === "live";
  }

  /** The span in view at the moment of asking. */
  span(): Span {
    const to = this.#gaze.kind === "live" ? this.#now() + this.spanMs * leadRatio : this.#gaze.to;
    return { from: to - this.spanMs, to };
  }

  pause(): void {
    if (this.#gaze.kind === "live") this.#gaze = { kind: "paused", to: this.span().to };
  }

  follow(): void {
    this.#gaze = { kind: "live" };
  }

  toggle(): void {
    if (this.#gaze.kind === "live") this.pause();
    else this.follow();
  }

  /** While live, the right edge stays now; else the moment under `anchor` (0 left, 1 right) stays. */
  zoom(factor: number, anchor = 0.5): void {
    if (this.#gaze.kind === "live") {
      this.spanMs = Math.min(spanMsMax, Math.max(spanMsMin, this.spanMs * factor));
      return;
    }
    this.#look(zoomed(this.span(), factor, anchor));
  }

  /** Moves by a part of the span in view; beyond now it follows again. */
  pan(ratio: number): void {
    if (this.#gaze.kind === "live" && ratio >= 0) return;
    this.#look(panned(this.span(), this.spanMs * ratio));
  }

  look(span: Span): void {
    this.#look(span);
  }

  centre(at: number): void {
    this.#gaze = { kind: "paused", to: at + this.spanMs / 2 };
  }

  select(from: number, to: number): void {
    this.selection = from <= to ? { from, to } : { from: to, to: from };
    this.#hold();
  }

  /** From the keyboard: starts at the middle of what is in view, then moves its end. */
  extendSelection(ratio: number): void {
    this.#hold();
    const span = this.span();
    const middle = (span.from + span.to) / 2;
    const { from, to } = this.selection ?? { from: middle, to: middle };
    this.selection = { from, to: Math.max(from, to + this.spanMs * ratio) };
  }

  /** Whoever was following before selecting, and has not looked elsewhere since, follows again. */
  clearSelection(): void {
    this.selection = null;
    if (this.#gaze.kind === "paused" && this.#gaze.isForSelection === true) this.follow();
  }

  #hold(): void {
    if (this.#gaze.kind === "live") this.#gaze = { kind: "paused", to: this.span().to, isForSelection: true };
  }

  #look(span: Span): void {
    const spanMs = span.to - span.from;
    this.spanMs = Math.min(spanMsMax, Math.max(spanMsMin, spanMs));
    if (span.to >= this.#now() + this.spanMs * leadRatio) this.follow();
    else this.#gaze = { kind: "paused", to: span.to };
  }
}
