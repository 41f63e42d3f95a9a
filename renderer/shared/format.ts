import { clockTime, count, twoDigits } from "../../engine/base/words.ts";

export { age, byteSize, clockSeconds, clockTime, count, counted, duration } from "../../engine/base/words.ts";

/** `1,234`, `48.2 k`, `1.25 M`: never wider than six characters, for cells that change many times a second. */
export function shortCount(value: number): string {
  if (value < 10_000) return count(value);
  if (value < 1_000_000) return `${(value / 1_000).toFixed(value < 100_000 ? 1 : 0)} k`;
  return `${(value / 1_000_000).toFixed(value < 10_000_000 ? 2 : 1)} M`;
}

export function perSecond(value: number): string {
  return value > 0 && value < 10 && value % 1 !== 0 ? value.toFixed(1) : shortCount(Math.round(value));
}

export function dateTime(at: number): string {
  const date = new Date(at);
  return `${String(date.getFullYear())}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())} ${clockTime(at)}`;
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
