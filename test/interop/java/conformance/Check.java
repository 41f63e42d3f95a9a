package conformance;

/** One thing that a broker does as the specification and the real broker have it; throws when it does not. */
@FunctionalInterface
interface Check {
  void run(Desk desk) throws Exception;
}
