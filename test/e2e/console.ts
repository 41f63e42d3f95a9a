import type { Page } from "playwright";

/** Collects what a page complains about: errors, warnings, refusals by its own policy, exceptions nobody caught. */
export function watchConsole(page: Page): string[] {
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning")
      problems.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => {
    problems.push(error.stack ?? error.message);
  });
  return problems;
}
