import { drawPicture, rulerHeight } from "./draw.ts";
import type { TimelineGaze } from "./gaze.ts";
import { rowsOf } from "./layout.ts";
import type { TimelineModel } from "./model.ts";
import { readPalette, texturesOf, type Look, type Palette } from "./palette.ts";

interface Sources {
  model: () => TimelineModel;
  gaze: () => TimelineGaze;
  now: () => number;
  /** The lanes' height in all, for the scroll bar. */
  onheight: (pixels: number) => void;
}

/** A live picture moves on once time has moved by this much of a pixel; more often would cost and not be seen. */
const driftPixelsMin = 0.34;

/**
 * Draws when there is something new to see and otherwise not at all: new events, another span, another size, or time
 * itself moving the live picture on. However many events come in, there is at most one picture per frame.
 */
export class Artist {
  readonly #canvas: HTMLCanvasElement;
  readonly #scroller: HTMLElement;
  readonly #sources: Sources;
  readonly #observer: ResizeObserver;
  readonly #motion = window.matchMedia("(prefers-reduced-motion: reduce)");
  #frame = 0;
  #palette: Palette | null = null;
  #textures = new Map<Look, CanvasPattern | null>();
  #drawn = {
    revision: -1,
    from: 0,
    to: 0,
    scrollTop: -1,
    selection: "",
    model: null as TimelineModel | null,
  };
  #height = 0;

  constructor(canvas: HTMLCanvasElement, scroller: HTMLElement, sources: Sources) {
    this.#canvas = canvas;
    this.#scroller = scroller;
    this.#sources = sources;
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(canvas);
    canvas.addEventListener("themechange", this.#forgetTheme);
    this.#frame = requestAnimationFrame(this.#tick);
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#observer.disconnect();
    this.#canvas.removeEventListener("themechange", this.#forgetTheme);
  }

  readonly #tick = (): void => {
    if (this.#isDue()) this.#draw();
    this.#frame = requestAnimationFrame(this.#tick);
  };

  readonly #forgetTheme = (): void => {
    this.#palette = null;
    this.#drawn.revision = -1;
  };

  #resize(): void {
    const scale = window.devicePixelRatio;
    this.#canvas.width = Math.round(this.#canvas.clientWidth * scale);
    this.#canvas.height = Math.round(this.#canvas.clientHeight * scale);
    this.#palette = null;
    this.#drawn.revision = -1;
    // At once: a resized canvas is empty, and waiting for the next frame would flicker.
    this.#draw();
  }

  #isDue(): boolean {
    const { model, gaze } = { model: this.#sources.model(), gaze: this.#sources.gaze() };
    const drawn = this.#drawn;
    if (
      drawn.model !== model ||
      drawn.scrollTop !== this.#scroller.scrollTop ||
      drawn.selection !== selectionKey(gaze)
    )
      return true;
    const span = gaze.span();
    const lengthMs = span.to - span.from;
    if (drawn.to - drawn.from !== lengthMs && Math.abs(drawn.to - drawn.from - lengthMs) > 1e-6) return true;
    const driftPixels = (Math.abs(span.to - drawn.to) / lengthMs) * this.#canvas.clientWidth;
    if (gaze.isLive && this.#motion.matches) return driftPixels > 16 || drawn.revision < 0;
    return driftPixels >= driftPixelsMin || drawn.revision !== model.revision;
  }

  #draw(): void {
    const context = this.#canvas.getContext("2d", { alpha: false });
    if (context === null || this.#canvas.width === 0) return;
    this.#palette ??= readPalette(this.#canvas.parentElement ?? document.body);
    if (this.#drawn.revision < 0) this.#textures = texturesOf(context, this.#palette);
    const model = this.#sources.model();
    const gaze = this.#sources.gaze();
    const span = gaze.span();
    const rows = rowsOf(model.lanes, span, this.#canvas.clientHeight - rulerHeight);
    const scale = window.devicePixelRatio;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    drawPicture(context, {
      rows,
      span,
      now: this.#sources.now(),
      width: this.#canvas.width / scale,
      height: this.#canvas.height / scale,
      scrollTop: this.#scroller.scrollTop,
      selection: gaze.selection,
      palette: this.#palette,
      textures: this.#textures,
    });
    this.#drawn = {
      revision: model.revision,
      from: span.from,
      to: span.to,
      scrollTop: this.#scroller.scrollTop,
      selection: selectionKey(gaze),
      model,
    };
    this.#tellHeight(rulerHeight + (rows.at(-1)?.top ?? 0) + (rows.at(-1)?.height ?? 0));
  }

  #tellHeight(height: number): void {
    if (height === this.#height) return;
    this.#height = height;
    this.#sources.onheight(height);
  }
}

function selectionKey(gaze: TimelineGaze): string {
  return gaze.selection === null ? "" : `${String(gaze.selection.from)}-${String(gaze.selection.to)}`;
}
