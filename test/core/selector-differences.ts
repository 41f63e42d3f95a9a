/** A way in which the real parser departs from the specification, and the selectors among the vectors that show it. */
interface Difference {
  readonly because: string;
  readonly rows: readonly {
    readonly theirs: string;
    readonly ours: string;
    readonly selectors: readonly string[];
  }[];
}

export const differences: readonly Difference[] = [
  {
    because: "NOT binds looser than comparisons [JMS 3.8.1.1, SQL-92]; there it takes the next word alone.",
    rows: [
      { theirs: "false", ours: "true", selectors: ["NOT i = 1", "NOT s LIKE 'x%'"] },
      { theirs: "true", ours: "false", selectors: ["NOT missing IS NULL"] },
      { theirs: "refused", ours: "false", selectors: ["NOT s IN ('abc')"] },
      { theirs: "refused", ours: "true", selectors: ["NOT i BETWEEN 1 AND 2"] },
    ],
  },
  {
    because: "Unlike types compare as false, with <> as well [JMS 3.8.1.2].",
    rows: [
      {
        theirs: "true",
        ours: "false",
        selectors: [
          "i <> 'x'",
          "s <> 5",
          "t <> 1",
          "digits <> 12",
          "i <> '5'",
          "t <> 'true'",
          "convert_string_expressions:s <> 5",
        ],
      },
    ],
  },
  {
    because: "Nothing compares as unknown [JMS 3.8.1.2]; there only on the left side.",
    rows: [
      { theirs: "false", ours: "unknown", selectors: ["1 = missing", "s = abc"] },
      { theirs: "true", ours: "unknown", selectors: ["1 <> missing"] },
    ],
  },
  {
    because:
      "A division by zero has no value, as in SQL-92, where it is an error; there it is infinite, or not a number.",
    rows: [
      { theirs: "false", ours: "unknown", selectors: ["i / 0 = 0", "i % 0 = 0", "d % 0 = 0"] },
      { theirs: "true", ours: "unknown", selectors: ["i / 0 > 0", "d / 0 > 0", "i / 0.0 > 0"] },
      { theirs: "false", ours: "true", selectors: ["i / 0 IS NULL", "i % 0 IS NULL", "d / 0 IS NULL"] },
    ],
  },
  {
    because:
      "Exact numbers are Java's longs [JMS 3.8.1.1]; there two small ones are calculated with in 32 bits.",
    rows: [
      {
        theirs: "false",
        ours: "true",
        selectors: ["max + 1 = 2147483648", "max * 2 = 4294967294", "2147483647 + 1 = 2147483648"],
      },
      { theirs: "true", ours: "false", selectors: ["max + 1 = -2147483648"] },
    ],
  },
  {
    because:
      "Literals that no Java long or double holds are a mistake [JMS 3.8.1.1]; there they become some other number.",
    rows: [
      {
        theirs: "false",
        ours: "refused",
        selectors: ["9223372036854775808 > 0", "-9223372036854775809 < 0", "99999999999999999999 > 0"],
      },
      { theirs: "true", ours: "refused", selectors: ["1e999 > 1"] },
    ],
  },
  {
    because: "Literals have the forms of Java's [JMS 3.8.1.1], suffixes included.",
    rows: [
      {
        theirs: "refused",
        ours: "true",
        selectors: [
          "31 = 0x1FL",
          "0 = 0L",
          "i = 5f",
          "i = 5F",
          "i = 5d",
          "i = 5D",
          "i = 5.0f",
          "f = 0.5f",
          "d = 2.25d",
        ],
      },
      { theirs: "refused", ours: "false", selectors: ["1.1f = 1.1"] },
    ],
  },
  {
    because: "Names have the letters of Java's [JMS 3.8.1.1], and XPATH and XQUERY are names like any other.",
    rows: [
      { theirs: "refused", ours: "true", selectors: ["ö IS NULL", "XQUERY IS NULL"] },
      { theirs: "refused", ours: "unknown", selectors: ["é1 = 1", "xpath = 1"] },
    ],
  },
  {
    because:
      "Only numbers are calculated with [JMS 3.8.1.2]; there a sum with a string is a string, and one with a boolean throws.",
    rows: [
      {
        theirs: "false",
        ours: "unknown",
        selectors: ["s + 1 = 1", "convert_string_expressions:digits + 1 = 13"],
      },
      { theirs: "false", ours: "true", selectors: ["s + 1 IS NULL"] },
      { theirs: "true", ours: "refused", selectors: ["s + 'd' = 'abcd'"] },
      { theirs: "false", ours: "refused", selectors: ["'a' + 1 = 2"] },
      { theirs: "fails", ours: "unknown", selectors: ["t + 1 = 2"] },
      { theirs: "fails", ours: "refused", selectors: ["TRUE + 1 = 2"] },
    ],
  },
  {
    because: "Booleans are compared with = and <> only [JMS 3.8.1.2].",
    rows: [{ theirs: "true", ours: "false", selectors: ["t > no", "t >= t"] }],
  },
  {
    because: "A comparison is not itself compared, unless in brackets [JMS 3.8.1.1, SQL-92].",
    rows: [
      {
        theirs: "true",
        ours: "refused",
        selectors: ["i = 5 = t", "i <> 5 <> t", "i < 6 = t", "i = 5 = TRUE"],
      },
    ],
  },
  {
    because: "LIKE is asked of strings [JMS 3.8.1.1], which the number can be seen not to be.",
    rows: [{ theirs: "false", ours: "refused", selectors: ["5 LIKE '5'"] }],
  },
  {
    because: "NULL is no value; one asks with IS NULL [JMS 3.8.1.1].",
    rows: [
      { theirs: "true", ours: "refused", selectors: ["null IS NULL"] },
      { theirs: "unknown", ours: "refused", selectors: ["NULL"] },
    ],
  },
  {
    because: "A number and a word need something in between [SQL-92], or a mistyped name would pass.",
    rows: [{ theirs: "true", ours: "refused", selectors: ["i= 5AND t", "i = 5AND t"] }],
  },
];
