import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Folders whose tests take long or start real processes have projects of their own; all the rest is `unit`. */
const ownProjects = ["fuzz", "sim", "control", "process", "interop", "e2e"];

/** What is waited for comes soon, and late on a machine that has other things to do. */
const patient = { expect: { poll: { timeout: 15_000 } } };

/** Tests that start real processes take turns: two pairs at once would measure each other. */
const oneAtATime = { ...patient, fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  root,
  test: {
    passWithNoTests: true,
    projects: [
      {
        root,
        plugins: [svelte({ configFile: false })],
        test: {
          ...patient,
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ownProjects.map((folder) => `test/${folder}/**`),
          testTimeout: 20_000,
        },
      },
      { root, test: { ...patient, name: "fuzz", include: ["test/fuzz/**/*.test.ts"], testTimeout: 60_000 } },
      { root, test: { ...patient, name: "sim", include: ["test/sim/**/*.test.ts"], testTimeout: 900_000 } },
      {
        root,
        test: { ...patient, name: "control", include: ["test/control/**/*.test.ts"], testTimeout: 60_000 },
      },
      { root, test: { name: "process", include: ["test/process/**/*.test.ts"], ...oneAtATime } },
      {
        root,
        test: {
          name: "interop",
          include: ["test/interop/**/*.test.ts"],
          globalSetup: ["test/interop/setup.ts"],
          ...oneAtATime,
        },
      },
      { root, test: { name: "e2e", include: ["test/e2e/**/*.test.ts"], ...oneAtATime } },
    ],
  },
});
