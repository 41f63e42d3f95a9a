import { Random } from "../world/random.ts";

/**
 * Chance that takes none: every delay is the middle of its range, and nothing that may happen does. A story told in a
 * calm world stays the same when somebody elsewhere draws one number more.
 */
export class Calm extends Random {
  constructor() {
    super(0);
  }

  override next(): number {
    return 0.5;
  }

  override below(): number {
    return 0;
  }

  override chance(): boolean {
    return false;
  }

  override fork(): Random {
    return this;
  }
}
