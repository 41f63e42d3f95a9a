// The npm scripts that are no more than calls of tools.
import { lintSteps, prettierArguments, runTests, testProjects, typeSteps } from "./steps.mjs";
import { runTool } from "./tools.mjs";

/** @type {Record<string, readonly import("./tools.mjs").Step[]>} */
const tasks = {
  check: typeSteps,
  lint: lintSteps,
  format: [{ tool: "prettier", args: ["--write", ...prettierArguments] }],
};

/**
 * @param {readonly string[]} args
 * @param {string} task
 * @returns {Promise<number>}
 */
export async function run(args, task) {
  if (task === "e2e" || task === "dev") return (await import("./desktop.mjs")).run(args, task);
  if (task === "build") return (await import("./app-build.mjs")).build();
  if (task === "sim" && args.length > 0) return (await import("../test/sim/main.ts")).main(args);
  if (task === "bench") return (await import("../test/bench/main.ts")).main(args);
  if (testProjects.some((project) => project === task)) return runTests(task, args);
  const steps = tasks[task];
  if (steps === undefined) throw new Error(`there is no script called "${task}"; see \`npm run\`.`);
  for (const step of steps) {
    const code = await runTool(step.tool, [...step.args, ...args]);
    if (code !== 0) return code;
  }
  return 0;
}
