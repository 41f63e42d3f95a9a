/** Columns of one broker's traffic: seconds since 1970, messages in and out per second. */
export interface RateColumns {
  readonly seconds: number[];
  readonly inPerSecond: number[];
  readonly outPerSecond: number[];
}
