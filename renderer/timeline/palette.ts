import type { LaneState } from "./lanes.ts";

/** A state's look: never colour alone, so each has a texture of its own as well. */
export interface Look {
  readonly fill: string;
  readonly ink: string;
  readonly texture: "solid" | "rising" | "falling" | "cross" | "dots" | "bars" | "hollow";
  readonly textureInk: string;
}

export interface Palette {
  readonly looks: Record<LaneState, Look>;
  readonly text: string;
  readonly second: string;
  readonly third: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly panel: string;
  readonly well: string;
  readonly accent: string;
  readonly accentFill: string;
  readonly damage: string;
  readonly caution: string;
  readonly cautionFill: string;
  readonly selection: string;
  readonly font: string;
}

/** The tokens of `tokens.css` as the theme in force resolves them; a canvas cannot read `light-dark()` itself. */
export function readPalette(host: HTMLElement): Palette {
  const probe = document.createElement("span");
  probe.hidden = true;
  host.append(probe);
  const token = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const accentFill = token("accent-fill");
  const accentSoft = token("accent-soft");
  const accent = token("accent");
  const damage = token("damage");
  const damageFill = token("damage-fill");
  const damageSoft = token("damage-soft");
  const caution = token("caution");
  const cautionSoft = token("caution-soft");
  const line = token("line");
  const strong = token("line-strong");
  const second = token("ink-second");
  const well = token("surface-well");

  const serving: Look = { fill: accentSoft, ink: accent, texture: "solid", textureInk: accentFill };
  const mirroring: Look = { fill: well, ink: accent, texture: "rising", textureInk: accentSoft };
  const waiting: Look = { fill: cautionSoft, ink: caution, texture: "dots", textureInk: caution };
  const halted: Look = { fill: "transparent", ink: second, texture: "hollow", textureInk: strong };
  const damaged: Look = { fill: damageSoft, ink: damage, texture: "cross", textureInk: damageFill };
  const looks: Palette["looks"] = {
    active: serving,
    standby: mirroring,
    starting: { fill: well, ink: second, texture: "dots", textureInk: strong },
    blocked: waiting,
    stopped: halted,
    "shut down": halted,
    fenced: { fill: well, ink: second, texture: "bars", textureInk: strong },
    frozen: { fill: cautionSoft, ink: caution, texture: "bars", textureInk: caution },
    "out of sync": { fill: cautionSoft, ink: caution, texture: "falling", textureInk: caution },
    killed: damaged,
    protected: serving,
    syncing: mirroring,
    unprotected: { fill: cautionSoft, ink: caution, texture: "falling", textureInk: caution },
    split: damaged,
    down: damaged,
    attached: serving,
    delayed: waiting,
    detached: halted,
    cut: damaged,
    "half-open": { fill: damageSoft, ink: damage, texture: "bars", textureInk: damageFill },
    "on primary": serving,
    "on replica": { fill: accentSoft, ink: accent, texture: "rising", textureInk: well },
  };
  const palette: Palette = {
    looks,
    text: token("ink"),
    second,
    third: token("ink-third"),
    line,
    lineStrong: strong,
    panel: token("surface-panel"),
    well,
    accent,
    accentFill,
    damage: damageFill,
    caution,
    cautionFill: token("caution-fill"),
    selection: accentSoft,
    font: getComputedStyle(document.body).fontFamily,
  };
  probe.remove();
  return palette;
}

/** Textures as canvas patterns, made once per theme. */
export function texturesOf(
  context: CanvasRenderingContext2D,
  palette: Palette,
): Map<Look, CanvasPattern | null> {
  const textures = new Map<Look, CanvasPattern | null>();
  for (const look of Object.values(palette.looks))
    if (!textures.has(look)) textures.set(look, textureOf(context, look));
  return textures;
}

function textureOf(context: CanvasRenderingContext2D, look: Look): CanvasPattern | null {
  if (look.texture === "solid" || look.texture === "hollow") return null;
  const size = 8;
  const scale = window.devicePixelRatio;
  const tile = new OffscreenCanvas(size * scale, size * scale);
  const pen = tile.getContext("2d");
  if (pen === null) return null;
  pen.scale(scale, scale);
  pen.strokeStyle = look.textureInk;
  pen.fillStyle = look.textureInk;
  pen.globalAlpha = look.texture === "rising" ? 1 : 0.55;
  pen.lineWidth = look.texture === "rising" ? 2.4 : 1;
  pen.beginPath();
  if (look.texture === "rising" || look.texture === "cross") strokeDiagonals(pen, size, 1);
  if (look.texture === "falling" || look.texture === "cross") strokeDiagonals(pen, size, -1);
  if (look.texture === "bars") {
    pen.moveTo(2, 0);
    pen.lineTo(2, size);
    pen.moveTo(6, 0);
    pen.lineTo(6, size);
  }
  if (look.texture === "dots") {
    pen.rect(1, 1, 1.5, 1.5);
    pen.rect(5, 5, 1.5, 1.5);
    pen.fill();
  } else pen.stroke();
  const pattern = context.createPattern(tile, "repeat");
  pattern?.setTransform(new DOMMatrix().scale(1 / scale));
  return pattern;
}

/** Three strokes, so that the tile joins its neighbours at the corners. */
function strokeDiagonals(pen: OffscreenCanvasRenderingContext2D, size: number, slope: 1 | -1): void {
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, slope === 1 ? size : 0);
    pen.lineTo(shift + size, slope === 1 ? 0 : size);
  }
}
