import { readFileSync } from "node:fs";
import { initialFormat } from "../../../engine/wire/openwire/format.ts";
import type { OpenWireFormat } from "../../../engine/wire/openwire/format.ts";
import type { DataStructure } from "../../../engine/wire/openwire/frames.ts";
import { absentOf } from "../../../engine/wire/openwire/frames.ts";
import type { Field, Throwable } from "../../../engine/wire/openwire/kinds.ts";
import { dataTypes } from "../../../engine/wire/openwire/table.ts";

/** Bytes that ActiveMQ's own library wrote, and what it wrote there. */
export interface Vector {
  readonly name: string;
  readonly format: OpenWireFormat;
  readonly bytes: Buffer;
  /** The frames in the bytes, as this version and these options can say them. */
  readonly frames: readonly DataStructure[];
  /** It is the first of those with the same bytes. */
  readonly isFirst: boolean;
}

/** What `vectors/VectorWriter.java` printed. */
export function readVectors(): Vector[] {
  const lines = readFileSync(new URL("vectors/vectors.txt", import.meta.url), "utf8")
    .trim()
    .split("\n");
  const vectors: Vector[] = [];
  let object = {} as DataStructure;
  for (const line of lines) {
    if (line.startsWith("object ")) {
      object = JSON.parse(line.slice("object ".length), revive) as DataStructure;
      continue;
    }
    const [, versions = "", mode = "", base64 = ""] = line.split(" ");
    for (const [index, version] of versions.split(",").map(Number).entries()) {
      const hasCache = mode.includes("+cache");
      const format = {
        ...initialFormat,
        version,
        isTight: mode.startsWith("tight"),
        cacheSize: hasCache ? 1024 : 0,
        hasStackTraces: mode.includes("+traces"),
      };
      const frame = asSaidIn(format, object) as DataStructure;
      vectors.push({
        name: `${object.type} v${version} ${mode}`,
        format,
        bytes: Buffer.from(base64, "base64"),
        frames: hasCache ? [frame, frame] : [frame],
        isFirst: index === 0,
      });
    }
  }
  return vectors;
}

function revive(_name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("bytes" in value) return Buffer.from(value.bytes as string, "base64");
  if (!("long" in value)) return value;
  const long = BigInt(value.long as string);
  return Number.isSafeInteger(Number(long)) ? Number(long) : long;
}

type Entries = Readonly<Record<string, unknown>>;

function asSaidIn(format: OpenWireFormat, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((element) => asSaidIn(format, element));
  if (typeof value !== "object" || value === null || Buffer.isBuffer(value)) return value;
  if ("stackTrace" in value) {
    const thrown = value as Throwable;
    return format.hasStackTraces ? thrown : { ...thrown, stackTrace: [], cause: null };
  }
  const object = value as DataStructure;
  const said: Record<string, unknown> = absentOf(object.type);
  for (const [name, field] of Object.entries<Field>(dataTypes[object.type].fields)) {
    const isIn = (field.since ?? 1) <= format.version && format.version <= (field.until ?? 12);
    if (isIn) said[name] = asSaidIn(format, (object as unknown as Entries)[name]);
  }
  return said;
}
