/** Numbers that must not mix: each is a plain number at run time, and its own type to the compiler. */
declare const unit: unique symbol;
export type Unit<Name extends string> = number & { readonly [unit]: Name };

/** Position in the pair's journal: 1-based, without gaps, the same entry on both nodes; 0 is before the first. */
export type Op = Unit<"op">;
/** Fencing term: grows with every grant to be active or to go on alone; 0 before the first grant. */
export type Epoch = Unit<"epoch">;
/** Reading of this process's monotonic clock, in milliseconds; meaningless in any other process. */
export type Instant = Unit<"ms since start">;
/** Milliseconds since 1970-01-01 UTC. */
export type WallTime = Unit<"ms since 1970">;

export const asOp = (value: number): Op => value as Op;
export const asEpoch = (value: number): Epoch => value as Epoch;
export const asInstant = (value: number): Instant => value as Instant;
export const asWallTime = (value: number): WallTime => value as WallTime;

/** Both clocks, read once by the host for each step. */
export interface Moment {
  readonly monotonic: Instant;
  readonly wall: WallTime;
}
