import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { loadBrokerConfiguration, loadPairConfiguration } from "../../engine/config/load.ts";
import { optionAliases } from "../../engine/config/names.ts";
import { mutatedText } from "./mutations.ts";
import { corpus, fuzzTimeoutMs, outcome, runs } from "./runs.ts";

const formats = ["json", "yaml", "xml"] as const;
type Format = (typeof formats)[number];

/** Loads it both ways: a configuration, or an error that names the file. */
function load(content: string | Uint8Array, file: string): void {
  const options = { dataDirectory: "/data", environment: { HOME: "/home/me" } };
  for (const way of [loadPairConfiguration, loadBrokerConfiguration]) {
    outcome(() => {
      try {
        const { configuration, notices } = way({ file, content }, options);
        expect(configuration.dataDirectory).not.toBe("");
        for (const notice of notices) expect(notice).toContain(file);
      } catch (error) {
        // Issue texts are for people: one line, and never the whole file back.
        const { message } = error as Error;
        expect(message).toMatch(/^(?:command line|f\.)/);
        expect(message.length).toBeLessThan(2_000);
        throw error;
      }
    }, ["CONFIGURATION_INVALID"]);
  }
}

const names = Object.entries(optionAliases).flatMap(([name, aliases]) => [name, ...aliases]);
const scalar = fc.oneof(
  fc.boolean(),
  fc.integer(),
  fc.double(),
  fc.constant(null),
  fc.string({ maxLength: 12, unit: "grapheme" }),
  fc.constantFrom(
    "tcp://localhost:61616",
    "failover:(tcp://a:1,tcp://b:2)",
    "${HOME}/x",
    "${none}",
    "always",
  ),
);
const value = fc.oneof(
  { weight: 4, arbitrary: scalar },
  fc.array(fc.dictionary(fc.constantFrom("name", "password", "x"), scalar), { maxLength: 3 }),
  fc.dictionary(fc.constantFrom("remoteURI", "userName", "password", "localURI", "x"), scalar, {
    maxKeys: 4,
  }),
);
const option = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names) }, fc.string({ maxLength: 12 }));
const settings = fc.dictionary(option, value, { maxKeys: 5 });

const attributeText = scalar.map((each) => String(each).replaceAll(/[&<"]/g, ""));
const attributes = fc
  .dictionary(fc.constantFrom(...names, "xmlns", "useJmx", "uri", "x"), attributeText, { maxKeys: 4 })
  .map((all) =>
    Object.entries(all)
      .map(([name, text]) => `${name}="${text}"`)
      .join(" "),
  );
const elements = [
  "transportConnectors",
  "transportConnector",
  "persistenceAdapter",
  "kahaDB",
  "services",
  "masterConnector",
  "networkConnectors",
  "plugins",
  "simpleAuthenticationPlugin",
  "users",
  "authenticationUser",
  "managementContext",
  "other",
];
/** An element with others in it, at most so many levels deep. */
function elementOf(levels: number): fc.Arbitrary<string> {
  const children = levels === 0 ? fc.constant([]) : fc.array(elementOf(levels - 1), { maxLength: 3 });
  return fc
    .tuple(fc.constantFrom(...elements), attributes, children)
    .map(([name, given, inner]) => `<${name} ${given}>${inner.join("\n")}</${name}>`);
}

/** Files that are at least well-formed, and mostly about the right things. */
const wellFormed: Record<Format, fc.Arbitrary<string>> = {
  json: settings.map((each) => JSON.stringify(each, null, 1)),
  yaml: settings.map((each) =>
    Object.entries(each)
      .map(([name, inner]) => `${name}: ${JSON.stringify(inner)}\n`)
      .join(""),
  ),
  xml: fc
    .tuple(attributes, fc.array(elementOf(2), { maxLength: 4 }), fc.boolean())
    .map(([given, children, isWrapped]) => {
      const broker = `<broker ${given}>${children.join("\n")}</broker>`;
      return isWrapped ? `<beans>${broker}</beans>` : broker;
    }),
};

describe.each(formats)("fuzz: configuration in %s", (format) => {
  const kept = corpus(format);

  test.each(kept)("corpus: $name is a configuration or a named error", ({ bytes }) => {
    load(bytes, `f.${format}`);
  });

  test(
    "any text, and any file with something wrong, is a configuration or a named error",
    { timeout: fuzzTimeoutMs },
    () => {
      const texts = kept
        .filter(({ bytes }) => bytes.length < 4_096)
        .map(({ bytes }) => Buffer.from(bytes).toString());
      const base = fc.oneof({ weight: 4, arbitrary: wellFormed[format] }, fc.constantFrom(...texts));
      const text = fc.oneof(fc.string({ maxLength: 200, unit: "binary" }), base, mutatedText(base));
      fc.assert(
        fc.property(text, (each) => load(each, `f.${format}`)),
        runs(300),
      );
    },
  );
});

/** Small files that are cheap to write and would be dear to read. */
const bombs: Record<string, { file: string; content: string }> = {
  "aliases that double thirty times": {
    file: "f.yaml",
    content: `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}]\n`).join("")}`,
  },
  "merges that double": {
    file: "f.yaml",
    content: `a0: &a0 {x: 1}\n${Array.from({ length: 30 }, (_, index) => `a${index + 1}: &a${index + 1} {<<: [*a${index}, *a${index}]}\n`).join("")}`,
  },
  "many thousand brackets": { file: "f.json", content: "[".repeat(40_000) },
  "many thousand braces": { file: "f.json", content: '{"a":'.repeat(40_000) },
  "many thousand block sequences": { file: "f.yaml", content: "- ".repeat(40_000) },
  "hundreds of indentations": {
    file: "f.yaml",
    content: Array.from({ length: 500 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join(""),
  },
  "many thousand names": {
    file: "f.yaml",
    content: Array.from({ length: 25_000 }, (_, index) => `n${index}: 1\n`).join(""),
  },
  "many thousand comments": { file: "f.yaml", content: "# x\n".repeat(40_000) },
  "a long quoted text that never ends": { file: "f.yaml", content: `a: "${"x ".repeat(100_000)}` },
  "many thousand question marks": { file: "f.yaml", content: "? ".repeat(120_000) },
  "many thousand exclamation marks": { file: "f.yaml", content: `a: ${"!".repeat(120_000)}` },
  "entities that grow a thousand million times": {
    file: "f.xml",
    content: `<!DOCTYPE broker [<!ENTITY l0 "lol">${Array.from({ length: 9 }, (_, index) => `<!ENTITY l${index + 1} "${`&l${index};`.repeat(10)}">`).join("")}]><broker brokerName="&l9;"/>`,
  },
  "an entity from a file": {
    file: "f.xml",
    content:
      '<!DOCTYPE broker [<!ENTITY secret SYSTEM "file:///etc/passwd">]><broker brokerName="&secret;"/>',
  },
  "many thousand elements within each other": { file: "f.xml", content: "<beans>".repeat(36_000) },
  "many thousand attributes": {
    file: "f.xml",
    content: `<broker ${Array.from({ length: 14_000 }, (_, index) => `a${index}="1"`).join(" ")}/>`,
  },
  "many thousand connectors": {
    file: "f.xml",
    content: `<broker><persistenceAdapter>${"<kahaDB a='1'/>".repeat(14_000)}</persistenceAdapter></broker>`,
  },
  "an attribute of many thousand placeholders": {
    file: "f.xml",
    content: `<broker brokerName="${"${".repeat(120_000)}"/>`,
  },
  "an address of many thousand brackets": {
    file: "f.yaml",
    content: `masterConnectorURI: "failover:(${"(".repeat(120_000)}"`,
  },
  "an address of many thousand commas": {
    file: "f.yaml",
    content: `masterConnectorURI: "failover:(${",".repeat(120_000)})"`,
  },
};

describe("fuzz: files that would be dear to read", () => {
  // The test's own time limit is what fails here: none of these takes longer than reading a file of its size.
  test.each(Object.entries(bombs))("%s: a named error, soon", (_name, { file, content }) => {
    expect(content.length).toBeLessThanOrEqual(limits.configurationBytesMax);
    load(content, file);
  });

  test("a file beyond the limit is refused before it is read", () => {
    expect(
      outcome(() =>
        loadPairConfiguration(
          { file: "f.yaml", content: new Uint8Array(limits.configurationBytesMax + 1) },
          { dataDirectory: "/data" },
        ),
      ),
    ).toEqual({ code: "CONFIGURATION_INVALID" });
  });
});
