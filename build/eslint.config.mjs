import { dirname } from "node:path";
import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import typescript from "typescript-eslint";

export default typescript.config(
  { ignores: ["node_modules/", "out/", "dist/", "coverage/", "test/artifacts/"] },
  js.configs.recommended,
  typescript.configs.strictTypeChecked,
  typescript.configs.stylisticTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      globals: { ...globals.node },
      parserOptions: {
        projectService: true,
        tsconfigRootDir: dirname(import.meta.dirname),
        extraFileExtensions: [".svelte"],
      },
    },
    rules: {
      eqeqeq: "error",
      // Indexing may miss, says the compiler; where a loop's bounds or an invariant say otherwise, `!` says so.
      "@typescript-eslint/no-non-null-assertion": "off",
      "no-console": "error",
      "prefer-const": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // `() => socket.close()` and `return this.close();` read better than braces or a second line.
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // Index signatures are read as what they are, `env["NAME"]`; literal types read well in unions.
      "@typescript-eslint/dot-notation": "off",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      // A leading underscore says that a parameter is there for its place only.
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: {
      globals: { ...globals.browser },
      parserOptions: { parser: typescript.parser },
    },
  },
  { files: ["renderer/**"], languageOptions: { globals: { ...globals.browser } } },
  {
    // JavaScript is typed by its comments, which the compiler checks and these rules do not read.
    files: ["**/*.mjs"],
    extends: [typescript.configs.disableTypeChecked],
  },
  {
    // What it runs on is as long as clients make it.
    files: ["engine/**"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "CallExpression[callee.property.name=/^(push|unshift)$/] > SpreadElement",
          message: "Add them one by one: arguments stand on the stack, where some 100,000 have room.",
        },
      ],
    },
  },
  {
    files: ["electron/**"],
    ignores: ["electron/ipc-main.ts", "electron/preload.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          paths: [
            {
              name: "electron",
              importNames: ["ipcMain", "ipcRenderer"],
              message: "Add the call to engine/control/contract.ts: the window talks through that one table.",
            },
          ],
        },
      ],
    },
  },
  {
    // It asserts how constants relate, which the compiler already knows to be true.
    files: ["engine/base/limits.ts"],
    rules: { "@typescript-eslint/no-unnecessary-condition": "off" },
  },
  {
    files: ["test/**"],
    rules: {
      "@typescript-eslint/no-empty-function": "off",
    },
  },
);
