/** Figures and how they are printed: a table for people, a line of JSON for each for programs. */

export interface Figure {
  /** Part of the benchmark it belongs to. */
  readonly part: string;
  readonly subject: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

/** The value below which a share of `values` lies; 0 when there are none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ part, subject, what, value, unit }) => [
    part,
    subject,
    what,
    rounded(value),
    unit,
  ]);
  const all = [["part", "subject", "what", "value", "unit"], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          column === 3 ? cell.padStart(widths[3] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function rounded(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en-GB");
  return value.toFixed(value >= 10 ? 1 : 2);
}
