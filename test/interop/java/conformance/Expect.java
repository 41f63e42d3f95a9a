package conformance;

import java.util.Objects;

/** Assertions, with sentences. */
final class Expect {
  @FunctionalInterface
  interface Action {
    void run() throws Exception;
  }

  static void equal(Object expected, Object actual) {
    if (!Objects.deepEquals(expected, actual)) throw new AssertionError("expected " + expected + ", got " + actual);
  }

  static void that(boolean isTrue, String sentence) {
    if (!isTrue) throw new AssertionError("not so: " + sentence);
  }

  /** The action must throw exactly this class or one below it. */
  static <E extends Throwable> E fails(Class<E> kind, Action action) {
    try {
      action.run();
    } catch (Throwable thrown) {
      if (kind.isInstance(thrown)) return kind.cast(thrown);
      throw new AssertionError("expected " + kind.getName() + ", got " + thrown, thrown);
    }
    throw new AssertionError("expected " + kind.getName() + ", but it succeeded");
  }
}
