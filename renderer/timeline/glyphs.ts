import type { MarkKind } from "./lanes.ts";
import type { MarkGlyph } from "./layout.ts";
import type { Palette } from "./palette.ts";

type Pen = CanvasRenderingContext2D;
type Shape = (pen: Pen, x: number, y: number, palette: Palette) => void;

const twoPi = Math.PI * 2;

function cross(pen: Pen, x: number, y: number, arm: number): void {
  pen.moveTo(x - arm, y - arm);
  pen.lineTo(x + arm, y + arm);
  pen.moveTo(x + arm, y - arm);
  pen.lineTo(x - arm, y + arm);
}

function disc(pen: Pen, x: number, y: number, radius: number, fill: string, edge: string): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, twoPi);
  pen.fillStyle = fill;
  pen.fill();
  pen.lineWidth = 1.5;
  pen.strokeStyle = edge;
  pen.stroke();
}

function polygon(pen: Pen, points: readonly (readonly [number, number])[], fill: string, edge: string): void {
  pen.beginPath();
  points.forEach(([x, y], index) => (index === 0 ? pen.moveTo(x, y) : pen.lineTo(x, y)));
  pen.closePath();
  pen.fillStyle = fill;
  pen.fill();
  pen.lineWidth = 1.5;
  pen.strokeStyle = edge;
  pen.stroke();
}

/** One shape for each kind of mark; colour only repeats what the shape says. */
export const shapes: Record<MarkKind, Shape> = {
  kill(pen, x, y, palette) {
    disc(pen, x, y, 7, palette.damage, palette.panel);
    pen.beginPath();
    cross(pen, x, y, 3);
    pen.lineWidth = 2;
    pen.strokeStyle = palette.panel;
    pen.stroke();
  },
  promoted(pen, x, y, palette) {
    polygon(
      pen,
      [
        [x, y - 7],
        [x + 7, y + 5],
        [x - 7, y + 5],
      ],
      palette.accentFill,
      palette.panel,
    );
  },
  opened(pen, x, y, palette) {
    disc(pen, x, y, 4.5, palette.panel, palette.accentFill);
  },
  granted(pen, x, y, palette) {
    polygon(
      pen,
      [
        [x, y - 5],
        [x + 5, y],
        [x, y + 5],
        [x - 5, y],
      ],
      palette.panel,
      palette.second,
    );
  },
  "link-lost"(pen, x, y, palette) {
    pen.beginPath();
    cross(pen, x, y, 4);
    pen.lineWidth = 2.5;
    pen.strokeStyle = palette.damage;
    pen.stroke();
  },
  "link-attached"(pen, x, y, palette) {
    disc(pen, x, y, 4, palette.accentFill, palette.panel);
  },
  connected(pen, x, y, palette) {
    disc(pen, x, y, 3.5, palette.panel, palette.accentFill);
  },
  attempt(pen, x, y, palette) {
    pen.fillStyle = palette.text;
    pen.fillRect(Math.round(x) - 0.5, y + 4, 1.5, 7);
  },
  "first-confirmed"(pen, x, y, palette) {
    disc(pen, x, y, 4.5, palette.accentFill, palette.panel);
  },
  action(pen, x, y, palette) {
    polygon(
      pen,
      [
        [x - 3.5, y - 3.5],
        [x + 3.5, y - 3.5],
        [x + 3.5, y + 3.5],
        [x - 3.5, y + 3.5],
      ],
      palette.panel,
      palette.second,
    );
  },
  verdict(pen, x, y, palette) {
    polygon(
      pen,
      [
        [x - 5, y - 5],
        [x + 5, y - 5],
        [x + 5, y + 2],
        [x, y + 6],
        [x - 5, y + 2],
      ],
      palette.accentFill,
      palette.panel,
    );
  },
  recovery(pen, x, y, palette) {
    polygon(
      pen,
      [
        [x - 3, y - 5],
        [x + 5, y],
        [x - 3, y + 5],
      ],
      palette.accentFill,
      palette.panel,
    );
  },
  notice(pen, x, y, palette) {
    polygon(
      pen,
      [
        [x, y - 6],
        [x + 6, y + 4],
        [x - 6, y + 4],
      ],
      palette.panel,
      palette.caution,
    );
  },
};

export const markWords: Record<MarkKind, string> = {
  kill: "killed",
  promoted: "took over (promoted)",
  opened: "connectors open",
  granted: "grant with a new epoch",
  "link-lost": "link lost",
  "link-attached": "link attached",
  connected: "client connected",
  attempt: "reconnect attempt",
  "first-confirmed": "first confirmed operation after a failover",
  action: "action by you or a script",
  verdict: "ledger verdict",
  recovery: "recovery copy",
  notice: "notice",
};

/** What matters more hides what matters less where both would cover each other; zooming in parts them. */
const weights: Record<MarkKind, number> = {
  kill: 9,
  promoted: 8,
  "link-lost": 7,
  "first-confirmed": 6,
  verdict: 6,
  recovery: 5,
  "link-attached": 5,
  opened: 4,
  notice: 4,
  connected: 3,
  action: 2,
  granted: 1,
  attempt: 0,
};
const coverPixels = 9;

export function uncovered(glyphs: readonly MarkGlyph[]): MarkGlyph[] {
  const kept: MarkGlyph[] = [];
  for (const glyph of glyphs.toSorted((left, right) => left.x - right.x)) {
    const last = kept.at(-1);
    // Attempts are fine ticks at the lane's foot and cover nothing.
    if (
      last === undefined ||
      glyph.kind === "attempt" ||
      last.kind === "attempt" ||
      glyph.x - last.x >= coverPixels
    )
      kept.push(glyph);
    else if (weights[glyph.kind] > weights[last.kind]) kept[kept.length - 1] = glyph;
  }
  return kept;
}
