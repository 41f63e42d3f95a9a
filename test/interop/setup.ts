import { rmSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { compileJava, missingForJava, type Java } from "./java.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** `null` where there is no Java, or no client for it. */
    java: Java | null;
  }
}

/** Compiles the Java sources once for all test files. */
export function setup(project: TestProject): (() => void) | undefined {
  const missing = missingForJava();
  if (missing !== null) {
    process.stderr.write(`${missing}\n`);
    project.provide("java", null);
    return undefined;
  }
  const { directory, ...java } = compileJava();
  project.provide("java", java);
  return () => {
    rmSync(directory, { recursive: true, force: true });
  };
}
