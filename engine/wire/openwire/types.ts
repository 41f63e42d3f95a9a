import type { TypeName } from "./frames.ts";
import type { Field, TypeNames } from "./kinds.ts";
import { dataTypes } from "./table.ts";

/** A row of the table as the codec walks it. */
export interface DataTypeRow {
  readonly name: TypeName;
  readonly code: number;
  readonly since: number;
  readonly mayBeFramed: boolean;
  readonly fields: readonly (readonly [name: string, field: Field])[];
}

interface LooseRow {
  readonly code: number;
  readonly since?: number;
  readonly mayBeFramed?: true;
  readonly fields: Readonly<Record<string, Field>>;
}

const rows: readonly DataTypeRow[] = Object.entries<LooseRow>(dataTypes).map(([name, row]) => ({
  name: name as TypeName,
  code: row.code,
  since: row.since ?? 1,
  mayBeFramed: row.mayBeFramed ?? false,
  fields: Object.entries(row.fields),
}));

export const rowsByName: ReadonlyMap<string, DataTypeRow> = new Map(rows.map((row) => [row.name, row]));
const rowsByCode: ReadonlyMap<number, DataTypeRow> = new Map(rows.map((row) => [row.code, row]));

/** The type of that code, if the version has it. */
export function rowOfCode(code: number, version: number): DataTypeRow | null {
  const row = rowsByCode.get(code);
  return row !== undefined && row.since <= version ? row : null;
}

export function hasField(field: Field, version: number): boolean {
  return (field.since ?? 1) <= version && version <= (field.until ?? Infinity);
}

export function mayStand(name: string, types: TypeNames): boolean {
  return types === "any" || types.includes(name);
}
