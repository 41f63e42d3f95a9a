import { limits } from "../../base/limits.ts";
import { create } from "../../wire/openwire/frames.ts";
import type { WireFormatInfo } from "../../wire/openwire/frames.ts";
import type { OpenWireFormat } from "../../wire/openwire/format.ts";
import { decodePrimitiveMap, encodePrimitiveMap } from "../../wire/openwire/primitives.ts";
import type { Primitive, PrimitiveMap } from "../../wire/openwire/primitives.ts";
import { openwireVersionMax } from "../../wire/openwire/table.ts";

/** What one side proposes; both use whatever is less. */
interface Wishes {
  readonly format: OpenWireFormat;
  /** Silence after which the other side counts as gone; 0: never. */
  readonly inactivityMs: number;
}

/** ActiveMQ's defaults. */
const ours: Wishes = {
  format: {
    version: openwireVersionMax,
    isTight: true,
    cacheSize: 1_024,
    hasStackTraces: true,
    hasSizePrefix: true,
    frameBytesMax: limits.frameBytesMax,
  },
  inactivityMs: 30_000,
};
const inactivityInitialDelayMs = 10_000;
/** What ActiveMQ takes where a side enables the cache and names no size. */
const cacheSizeDefault = 16_383;

const truth = (value: boolean): Primitive => ({ type: "boolean", value });
const long = (value: number): Primitive => ({ type: "long", value });
const text = (value: string): Primitive => ({ type: "string", value });

/** The broker's own proposal. */
export function wireFormatInfo(programVersion: string): WireFormatInfo {
  const { format, inactivityMs } = ours;
  const properties = new Map<string, Primitive>([
    ["TcpNoDelayEnabled", truth(true)],
    ["SizePrefixDisabled", truth(!format.hasSizePrefix)],
    ["CacheEnabled", truth(format.cacheSize > 0)],
    ["CacheSize", { type: "int", value: format.cacheSize }],
    ["StackTraceEnabled", truth(format.hasStackTraces)],
    ["TightEncodingEnabled", truth(format.isTight)],
    ["MaxFrameSize", long(format.frameBytesMax)],
    ["MaxInactivityDuration", long(inactivityMs)],
    ["MaxInactivityDurationInitalDelay", long(inactivityInitialDelayMs)],
    ["ProviderName", text("Understudy")],
    ["ProviderVersion", text(programVersion)],
  ]);
  return create("WireFormatInfo", {
    version: format.version,
    marshalledProperties: encodePrimitiveMap(properties),
  });
}

/** What comes of the client's proposal and the broker's. */
export function agree(info: WireFormatInfo): Wishes {
  const properties: PrimitiveMap =
    info.marshalledProperties === null ? new Map() : decodePrimitiveMap(info.marshalledProperties);
  const isOn = (name: string) => properties.get(name)?.value === true;
  const count = (name: string, absent: number) => {
    const value = properties.get(name)?.value;
    return typeof value === "number" && value >= 0 ? value : absent;
  };
  const { format, inactivityMs } = ours;
  const frameBytesMax = count("MaxFrameSize", 0);
  return {
    format: {
      version: Math.max(1, Math.min(format.version, info.version)),
      isTight: isOn("TightEncodingEnabled"),
      cacheSize: isOn("CacheEnabled")
        ? Math.min(format.cacheSize, count("CacheSize", 0) || cacheSizeDefault)
        : 0,
      hasStackTraces: isOn("StackTraceEnabled"),
      // The broker wants prefixes, and only two sides that both do without leave them out.
      hasSizePrefix: true,
      frameBytesMax:
        frameBytesMax === 0 ? format.frameBytesMax : Math.min(format.frameBytesMax, frameBytesMax),
    },
    inactivityMs: Math.min(inactivityMs, count("MaxInactivityDuration", 0)),
  };
}
