import { dataTypes } from "../../../../engine/wire/openwire/table.ts";
import type { Field } from "../../../../engine/wire/openwire/kinds.ts";

/** Says the table in lines that the Java program understands; see README.md. */
interface Row {
  readonly since?: number;
  readonly fields: Readonly<Record<string, Field>>;
}

for (const [type, row] of Object.entries<Row>(dataTypes)) {
  process.stdout.write(`type ${type} ${row.since ?? 1}\n`);
  for (const [name, field] of Object.entries(row.fields)) {
    const types = "types" in field ? (field.types === "any" ? "any" : field.types.join(",")) : "-";
    process.stdout.write(`field ${name} ${field.kind} ${field.required === true} ${types}\n`);
  }
}
