import { clockSeconds, clockTime, duration } from "../shared/format.ts";
import { shapes, uncovered } from "./glyphs.ts";
import {
  barsOf,
  blackoutBarsOf,
  glyphsOf,
  ticksOf,
  xOf,
  type Bar,
  type Row,
  type Span,
  rateColumnsOf,
  labelsOf,
  type Label,
} from "./layout.ts";
import type { Lane } from "./lanes.ts";
import type { Look, Palette } from "./palette.ts";

/** The picture of one moment. Draws only rows and items in view; pixels bound the cost, not the history. */

export const gutterWidth = 148;
export const rulerHeight = 24;
/** Dark on amber in both themes. */
const inkOnCaution = "#1d1300";

export interface Picture {
  readonly rows: readonly Row[];
  readonly span: Span;
  readonly now: number;
  /** In CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly scrollTop: number;
  readonly selection: Span | null;
  readonly palette: Palette;
  readonly textures: ReadonlyMap<Look, CanvasPattern | null>;
}

export function drawPicture(context: CanvasRenderingContext2D, picture: Picture): void {
  const { width, height, palette } = picture;
  const trackWidth = width - gutterWidth;
  context.fillStyle = palette.panel;
  context.fillRect(0, 0, width, height);
  context.textBaseline = "middle";

  context.save();
  context.translate(gutterWidth, 0);
  context.beginPath();
  context.rect(0, 0, trackWidth, height);
  context.clip();
  drawGrid(context, picture, trackWidth);
  drawSelection(context, picture, trackWidth);
  const tracks = visibleRows(picture).map((row) => ({
    row,
    labels: drawTrack(context, picture, row, trackWidth),
  }));
  drawHairlines(context, picture, trackWidth);
  for (const { row } of tracks) drawMarks(context, picture, row, trackWidth);
  for (const { row, labels } of tracks) drawLabels(context, picture, row, labels);
  context.restore();

  for (const row of visibleRows(picture)) drawLabel(context, picture, row);
  drawRuler(context, picture, trackWidth);
}

function topOf(picture: Picture, row: Row): number {
  return rulerHeight + row.top - picture.scrollTop;
}

function visibleRows(picture: Picture): Row[] {
  return picture.rows.filter(
    (row) => topOf(picture, row) < picture.height && topOf(picture, row) + row.height > rulerHeight,
  );
}

function drawGrid(context: CanvasRenderingContext2D, picture: Picture, trackWidth: number): void {
  context.fillStyle = picture.palette.line;
  context.globalAlpha = 0.6;
  for (const tick of ticksOf(picture.span, trackWidth, 96))
    context.fillRect(Math.round(tick.x), rulerHeight, 1, picture.height);
  context.globalAlpha = 1;
}

function drawSelection(context: CanvasRenderingContext2D, picture: Picture, trackWidth: number): void {
  if (picture.selection === null) return;
  const from = xOf(picture.selection.from, picture.span, trackWidth);
  const to = xOf(picture.selection.to, picture.span, trackWidth);
  context.fillStyle = picture.palette.selection;
  context.globalAlpha = 0.55;
  context.fillRect(from, rulerHeight, Math.max(1, to - from), picture.height);
  context.globalAlpha = 1;
  context.fillStyle = picture.palette.accentFill;
  context.fillRect(Math.round(from), rulerHeight, 1, picture.height);
  context.fillRect(Math.round(to), rulerHeight, 1, picture.height);
}

function drawTrack(
  context: CanvasRenderingContext2D,
  picture: Picture,
  row: Row,
  trackWidth: number,
): Label[] {
  const top = topOf(picture, row) + 4;
  const height = row.height - 8;
  for (const bar of barsOf(row.lane.segments, picture.span, trackWidth, picture.now)) {
    drawBar(context, picture, bar, top, height);
  }
  drawRate(context, picture, row.lane, trackWidth, top, height);
  const labels = drawBlackouts(context, picture, row, trackWidth);
  drawBarWords(context, picture, row, trackWidth, labels);
  return labels;
}

function drawBar(
  context: CanvasRenderingContext2D,
  picture: Picture,
  bar: Bar,
  top: number,
  height: number,
): void {
  const look = picture.palette.looks[bar.state];
  const texture = picture.textures.get(look);
  if (look.texture === "hollow") {
    context.fillStyle = look.textureInk;
    context.fillRect(bar.x, Math.round(top + height / 2), bar.width, 1);
    return;
  }
  context.fillStyle = look.fill;
  context.fillRect(bar.x, top, bar.width, height);
  if (texture !== null && texture !== undefined) {
    context.fillStyle = texture;
    context.fillRect(bar.x, top, bar.width, height);
  }
  context.fillStyle = look.texture === "rising" ? picture.palette.accentFill : look.textureInk;
  context.fillRect(bar.x, top, Math.min(2, bar.width), height);
}

/** Words go over the rate, where they fit beside the labels of blackouts and the marks at a bar's beginning. */
function drawBarWords(
  context: CanvasRenderingContext2D,
  picture: Picture,
  row: Row,
  trackWidth: number,
  labels: readonly Label[],
): void {
  context.font = `500 11px ${picture.palette.font}`;
  context.textAlign = "left";
  const y = topOf(picture, row) + (row.lane.kind === "broker" ? 12 : row.height / 2);
  const glyphs = row.lane.kind === "broker" ? [] : glyphsOf(row.lane.marks, picture.span, trackWidth);
  for (const bar of barsOf(row.lane.segments, picture.span, trackWidth, picture.now)) {
    const wordWidth = context.measureText(bar.state).width;
    const look = picture.palette.looks[bar.state];
    let x = bar.x + 8;
    for (const glyph of glyphs) if (glyph.x > x - 12 && glyph.x < x + wordWidth + 8) x = glyph.x + 12;
    for (const label of labels)
      if (label.x - 8 < x + wordWidth && label.x + label.width > x - 8) x = label.x + label.width + 12;
    if (x + wordWidth + 8 > bar.x + bar.width) continue;
    context.fillStyle = look.texture === "hollow" ? picture.palette.panel : look.fill;
    context.globalAlpha = 0.9;
    context.fillRect(x - 3, y - 7, wordWidth + 6, 14);
    context.globalAlpha = 1;
    context.fillStyle = look.ink;
    context.fillText(bar.state, x, y + 0.5);
  }
}

/** Messages per second as an area of steps, where the broker served: between readings nobody knows more. */
function drawRate(
  context: CanvasRenderingContext2D,
  picture: Picture,
  lane: Lane,
  trackWidth: number,
  top: number,
  height: number,
): void {
  if (lane.kind !== "broker") return;
  const columns = rateColumnsOf(lane.rate, picture.span, trackWidth);
  const max = columns.reduce((highest, column) => Math.max(highest, column.value), 0);
  if (max <= 0) return;
  const base = top + height;
  context.save();
  context.beginPath();
  for (const bar of barsOf(lane.segments, picture.span, trackWidth, picture.now)) {
    if (bar.state === "active" || bar.state === "blocked") context.rect(bar.x, top, bar.width, height);
  }
  context.clip();
  context.beginPath();
  context.moveTo(columns[0]?.from ?? 0, base);
  for (const { from, to, value } of columns) {
    const y = base - (value / max) * (height - 14);
    context.lineTo(from, y);
    context.lineTo(to, y);
  }
  context.lineTo(columns.at(-1)?.to ?? 0, base);
  context.closePath();
  context.fillStyle = picture.palette.accentFill;
  context.globalAlpha = 0.45;
  context.fill();
  context.restore();
}

function drawBlackouts(
  context: CanvasRenderingContext2D,
  picture: Picture,
  row: Row,
  trackWidth: number,
): Label[] {
  const top = topOf(picture, row) + 3;
  const bars = blackoutBarsOf(row.lane, picture.span, trackWidth, picture.now);
  context.fillStyle = picture.palette.cautionFill;
  for (const bar of bars) context.fillRect(bar.x, top, bar.width, row.height - 6);
  context.font = labelFont(picture);
  return labelsOf(bars, trackWidth, (ms) => context.measureText(duration(ms)).width);
}

/** Over everything else in the lane: how long nobody could work is what one came to read. */
function drawLabels(
  context: CanvasRenderingContext2D,
  picture: Picture,
  row: Row,
  labels: readonly Label[],
): void {
  const { palette } = picture;
  const y = topOf(picture, row) + row.height / 2;
  context.font = labelFont(picture);
  context.textAlign = "left";
  for (const { x, width, ms, isInside } of labels) {
    if (!isInside) {
      context.fillStyle = palette.panel;
      context.fillRect(x - 4, y - 8, width + 8, 16);
      context.strokeStyle = palette.cautionFill;
      context.lineWidth = 1;
      context.strokeRect(Math.round(x - 4) + 0.5, Math.round(y - 8) + 0.5, Math.round(width + 8), 15);
    }
    context.fillStyle = isInside ? inkOnCaution : palette.caution;
    context.fillText(duration(ms), x, y + 0.5);
  }
}

function labelFont(picture: Picture): string {
  return `600 11px ${picture.palette.font}`;
}

/** A kill or a promotion concerns every lane: a fine line lets the eye compare. */
function drawHairlines(context: CanvasRenderingContext2D, picture: Picture, trackWidth: number): void {
  for (const row of picture.rows) {
    if (row.lane.kind !== "broker") continue;
    for (const glyph of glyphsOf(row.lane.marks, picture.span, trackWidth)) {
      if (glyph.kind !== "kill" && glyph.kind !== "promoted") continue;
      context.strokeStyle = glyph.kind === "kill" ? picture.palette.damage : picture.palette.accentFill;
      context.setLineDash([2, 3]);
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(Math.round(glyph.x) + 0.5, rulerHeight);
      context.lineTo(Math.round(glyph.x) + 0.5, picture.height);
      context.stroke();
      context.setLineDash([]);
    }
  }
}

function drawMarks(context: CanvasRenderingContext2D, picture: Picture, row: Row, trackWidth: number): void {
  const top = topOf(picture, row);
  const y = top + (row.lane.kind === "broker" ? row.height - 13 : row.height / 2);
  for (const glyph of uncovered(glyphsOf(row.lane.marks, picture.span, trackWidth)))
    shapes[glyph.kind](context, glyph.x, y, picture.palette);
}

function drawLabel(context: CanvasRenderingContext2D, picture: Picture, row: Row): void {
  const { palette } = picture;
  const top = topOf(picture, row);
  context.save();
  context.beginPath();
  context.rect(0, rulerHeight, gutterWidth, picture.height);
  context.clip();
  context.fillStyle = palette.line;
  context.fillRect(0, top + row.height - 1, gutterWidth, 1);
  context.font = `500 12px ${palette.font}`;
  context.fillStyle = row.lane.gone ? palette.third : palette.text;
  context.textAlign = "left";
  const y = top + row.height / 2;
  const label = fitted(context, row.lane.label, gutterWidth - 24);
  context.fillText(label, 12, y);
  const labelWidth = context.measureText(label).width;
  context.font = `11px ${palette.font}`;
  context.fillStyle = palette.third;
  if (labelWidth + context.measureText(row.lane.hint).width < gutterWidth - 28) {
    context.textAlign = "right";
    context.fillText(row.lane.hint, gutterWidth - 8, y);
  }
  context.restore();
}

function fitted(context: CanvasRenderingContext2D, text: string, room: number): string {
  if (context.measureText(text).width <= room) return text;
  let length = text.length;
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > room) length -= 1;
  return `${text.slice(0, length)}…`;
}

function drawRuler(context: CanvasRenderingContext2D, picture: Picture, trackWidth: number): void {
  const { palette } = picture;
  context.fillStyle = palette.well;
  context.fillRect(0, 0, picture.width, rulerHeight);
  context.fillStyle = palette.line;
  context.fillRect(0, rulerHeight - 1, picture.width, 1);
  context.fillRect(gutterWidth - 1, 0, 1, picture.height);
  context.font = `11px ${palette.font}`;
  context.textAlign = "left";
  for (const tick of ticksOf(picture.span, trackWidth, 96)) {
    context.fillStyle = palette.lineStrong;
    context.fillRect(gutterWidth + Math.round(tick.x), rulerHeight - 6, 1, 5);
    context.fillStyle = palette.second;
    context.fillText(
      tick.stepMs < 1_000 ? clockTime(tick.at) : clockSeconds(tick.at),
      gutterWidth + tick.x + 4,
      11,
    );
  }
}
