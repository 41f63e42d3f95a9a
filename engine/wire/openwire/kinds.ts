/**
 * What a field can be. Each kind has a form on the wire (two, in fact: loose and tight) and a TypeScript type, so that
 * the table of types needs to say neither. `absent` is what a field holds that the version spoken does not have.
 */

/** A number where it is exact, else a bigint: equal values are always of the same type, so `===` compares them. */
export type Long = number | bigint;

export interface StackTraceElement {
  readonly className: string | null;
  readonly methodName: string | null;
  readonly fileName: string | null;
  readonly lineNumber: number;
}

/** An exception. Its trace and cause are on the wire only if both sides enabled stack traces. */
export interface Throwable {
  readonly className: string;
  readonly message: string | null;
  readonly stackTrace: readonly StackTraceElement[];
  readonly cause: Throwable | null;
}

/** Names of the types that may stand in a field; `"any"` is every type there is. */
export type TypeNames = readonly string[] | "any";

export type Kind =
  | { readonly kind: "boolean"; readonly absent: boolean }
  | { readonly kind: "byte" | "int"; readonly absent: number }
  | { readonly kind: "long"; readonly absent: Long }
  | { readonly kind: "string"; readonly absent: null }
  | { readonly kind: "bytes"; readonly absent: null }
  /** Bytes of an id: few, and copied, because ids are kept longer than the frame they came in. */
  | { readonly kind: "idBytes"; readonly absent: null }
  | { readonly kind: "throwable"; readonly absent: null }
  /** Text that is always there and always the same. */
  | { readonly kind: "constant"; readonly absent: string }
  /** An object with its type's code before it. */
  | { readonly kind: "nested"; readonly types: TypeNames; readonly absent: null }
  /** The same, but once sent it is referred to by a number, if both sides enabled the cache. */
  | { readonly kind: "cached"; readonly types: TypeNames; readonly absent: null }
  | { readonly kind: "array"; readonly types: TypeNames; readonly absent: null };

export type Field = Kind & {
  /** The versions that have the field; all, if they are not said. */
  readonly since?: number;
  readonly until?: number;
  /** The wire has a place for "none", but a command without it has no meaning and is refused. */
  readonly required?: true;
};

export const boolean = { kind: "boolean", absent: false } as const;
export const byte = { kind: "byte", absent: 0 } as const;
export const int = { kind: "int", absent: 0 } as const;
export const long = { kind: "long", absent: 0 } as const;
export const string = { kind: "string", absent: null } as const;
export const bytes = { kind: "bytes", absent: null } as const;
export const idBytes = { kind: "idBytes", absent: null } as const;
export const throwable = { kind: "throwable", absent: null } as const;

export function constant<const T extends string>(text: T) {
  return { kind: "constant", absent: text } as const;
}

export function nested<const N extends readonly string[]>(...types: N) {
  return { kind: "nested", types, absent: null } as const;
}

export function cached<const N extends readonly string[]>(...types: N) {
  return { kind: "cached", types, absent: null } as const;
}

export function array<const N extends readonly string[]>(...types: N) {
  return { kind: "array", types, absent: null } as const;
}

export const anyNested = { kind: "nested", types: "any", absent: null } as const;
export const anyArray = { kind: "array", types: "any", absent: null } as const;

export function required<const K extends Kind>(kind: K) {
  return { ...kind, required: true } as const;
}

export function since<const K extends Kind>(version: number, kind: K) {
  return { ...kind, since: version } as const;
}

export function until<const K extends Kind>(version: number, kind: K) {
  return { ...kind, until: version } as const;
}
