/** Stops the process when our own reasoning is wrong; never used for bad input. */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new AssertionFailure(why);
}

/** Ends a switch over a union: a new member is a compile error here. */
export function assertNever(value: never): never {
  throw new AssertionFailure(`unexpected value ${JSON.stringify(value)}`);
}

/** A bug in Understudy. The process dies and its supervisor reports it, rather than going on with a wrong state. */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}
