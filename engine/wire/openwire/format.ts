import { limits } from "../../base/limits.ts";
import { create } from "./frames.ts";
import type { WireFormatInfo } from "./frames.ts";
import { decodePrimitiveMap, encodePrimitiveMap } from "./primitives.ts";
import type { Primitive, PrimitiveMap } from "./primitives.ts";
import { openwireVersionMax } from "./table.ts";

/** How the two sides of a connection agreed to write. */
export interface OpenWireFormat {
  readonly version: number;
  /** Booleans in bits before the rest, and short numbers in few bytes; loose: all as it comes. */
  readonly isTight: boolean;
  /** How many values each direction remembers, so that they are sent once; 0: none. */
  readonly cacheSize: number;
  readonly hasStackTraces: boolean;
  /** Without it the end of a frame is known only when all of it was read. */
  readonly hasSizePrefix: boolean;
  readonly frameBytesMax: number;
}

/** How everyone writes until the agreement: `WireFormatInfo` is the same in all versions. */
export const initialFormat: OpenWireFormat = {
  version: openwireVersionMax,
  isTight: false,
  cacheSize: 0,
  hasStackTraces: false,
  hasSizePrefix: true,
  frameBytesMax: limits.frameBytesMax,
};

/** What one side wishes, in its `WireFormatInfo`. */
export interface WireFormatOptions {
  readonly version: number;
  readonly tightEncodingEnabled: boolean;
  readonly cacheEnabled: boolean;
  readonly cacheSize: number;
  readonly stackTraceEnabled: boolean;
  readonly tcpNoDelayEnabled: boolean;
  readonly sizePrefixDisabled: boolean;
  /** 0: this side says nothing about it. */
  readonly maxFrameSize: number;
  /** How long silence is borne; 0: for ever. */
  readonly maxInactivityDuration: number;
  readonly maxInactivityDurationInitialDelay: number;
  /** The host that the client believes to talk to. */
  readonly host: string | null;
  readonly providerName: string | null;
  readonly providerVersion: string | null;
  readonly platformDetails: string | null;
}

/** What both sides do from then on. */
export interface Negotiated {
  readonly format: OpenWireFormat;
  readonly tcpNoDelay: boolean;
  /** How long silence is borne; 0: for ever. To be heard in time, each side speaks three times as often. */
  readonly inactivityMs: number;
  /** How long the first silence is borne. */
  readonly inactivityInitialMs: number;
}

/** The size that Java's client takes when both sides leave it open. */
const cacheSizeDefault = 16_383;

/** What two sides agree on: the older version, and what both wish. Whatever one side leaves open the other decides. */
export function negotiate(ours: WireFormatOptions, theirs: WireFormatOptions): Negotiated {
  const version = smallerOf(ours.version, theirs.version);
  const isCached = ours.cacheEnabled && theirs.cacheEnabled;
  const cacheSize = Math.min(ours.cacheSize, theirs.cacheSize);
  return {
    format: {
      version: Math.min(version, openwireVersionMax),
      isTight: ours.tightEncodingEnabled && theirs.tightEncodingEnabled,
      cacheSize: !isCached ? 0 : cacheSize > 0 ? Math.min(cacheSize, cacheSizeDefault) : cacheSizeDefault,
      hasStackTraces: ours.stackTraceEnabled && theirs.stackTraceEnabled,
      hasSizePrefix: !(ours.sizePrefixDisabled && theirs.sizePrefixDisabled),
      frameBytesMax: smallerOf(limits.frameBytesMax, smallerOf(ours.maxFrameSize, theirs.maxFrameSize)),
    },
    tcpNoDelay: ours.tcpNoDelayEnabled && theirs.tcpNoDelayEnabled,
    inactivityMs: Math.max(0, Math.min(ours.maxInactivityDuration, theirs.maxInactivityDuration)),
    inactivityInitialMs: Math.max(
      0,
      Math.min(ours.maxInactivityDurationInitialDelay, theirs.maxInactivityDurationInitialDelay),
    ),
  };
}

/** The smaller one of those that say something. */
function smallerOf(ours: number, theirs: number): number {
  if (ours <= 0) return theirs;
  return theirs <= 0 ? ours : Math.min(ours, theirs);
}

export function optionsOf(info: WireFormatInfo): WireFormatOptions {
  const map: PrimitiveMap =
    info.marshalledProperties === null ? new Map() : decodePrimitiveMap(info.marshalledProperties);
  const isOn = (name: string): boolean => map.get(name)?.value === true;
  const text = (name: string): string | null => {
    const value = map.get(name)?.value;
    return typeof value === "string" ? value : null;
  };
  const number = (name: string): number => {
    const value = map.get(name)?.value;
    return typeof value === "number" || typeof value === "bigint" ? Number(value) : 0;
  };
  return {
    version: info.version,
    tightEncodingEnabled: isOn("TightEncodingEnabled"),
    cacheEnabled: isOn("CacheEnabled"),
    cacheSize: number("CacheSize"),
    stackTraceEnabled: isOn("StackTraceEnabled"),
    tcpNoDelayEnabled: isOn("TcpNoDelayEnabled"),
    sizePrefixDisabled: isOn("SizePrefixDisabled"),
    maxFrameSize: number("MaxFrameSize"),
    maxInactivityDuration: number("MaxInactivityDuration"),
    // It is misspelled on the wire.
    maxInactivityDurationInitialDelay: number("MaxInactivityDurationInitalDelay"),
    host: text("Host"),
    providerName: text("ProviderName"),
    providerVersion: text("ProviderVersion"),
    platformDetails: text("PlatformDetails"),
  };
}

export function wireFormatInfoOf(options: WireFormatOptions): WireFormatInfo {
  const properties = new Map<string, Primitive>();
  const isOn = (name: string, value: boolean) => properties.set(name, { type: "boolean", value });
  const long = (name: string, value: number) => properties.set(name, { type: "long", value });
  const text = (name: string, value: string | null) => {
    if (value !== null) properties.set(name, { type: "string", value });
  };
  isOn("TightEncodingEnabled", options.tightEncodingEnabled);
  isOn("CacheEnabled", options.cacheEnabled);
  properties.set("CacheSize", { type: "int", value: options.cacheSize });
  isOn("StackTraceEnabled", options.stackTraceEnabled);
  isOn("TcpNoDelayEnabled", options.tcpNoDelayEnabled);
  isOn("SizePrefixDisabled", options.sizePrefixDisabled);
  if (options.maxFrameSize > 0) long("MaxFrameSize", options.maxFrameSize);
  long("MaxInactivityDuration", options.maxInactivityDuration);
  long("MaxInactivityDurationInitalDelay", options.maxInactivityDurationInitialDelay);
  text("Host", options.host);
  text("ProviderName", options.providerName);
  text("ProviderVersion", options.providerVersion);
  text("PlatformDetails", options.platformDetails);
  return create("WireFormatInfo", {
    version: options.version,
    marshalledProperties: encodePrimitiveMap(properties),
  });
}

/** Makes the functions for one way of writing when it is first asked for; all connections that write so share them. */
export function perFormat<Made>(make: (format: OpenWireFormat) => Made): (format: OpenWireFormat) => Made {
  const made = new Map<string, Made>();
  return (format) => {
    const key = `${format.version} ${format.isTight} ${format.cacheSize > 0} ${format.hasStackTraces}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const fresh = make(format);
    made.set(key, fresh);
    return fresh;
  };
}
