import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright";
import { root } from "../../build/paths.mjs";

const artifacts = join(root, "test", "artifacts");
const sizes = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
] as const;
const themes = ["light", "dark"] as const;

type Theme = (typeof themes)[number];

/**
 * Writes test/artifacts/<state>-<size>-<theme>.png for both sizes and themes, to be looked at by people. The window
 * follows the system's theme unless told otherwise, so the system changes it.
 */
export async function portray(page: Page, state: string): Promise<void> {
  mkdirSync(artifacts, { recursive: true });
  for (const size of sizes) {
    await page.setViewportSize(size);
    for (const theme of themes) await take(page, `${state}-${size.width}-${theme}`, theme);
  }
  await page.setViewportSize(sizes[0]);
  await wear(page, "light");
}

/** For states that do not last: the pictures that come first are the ones that matter. */
export async function portrayFleeting(page: Page, state: string): Promise<void> {
  mkdirSync(artifacts, { recursive: true });
  for (const theme of themes) await take(page, `${state}-1280-${theme}`, theme);
  await wear(page, "light");
}

async function take(page: Page, name: string, theme: Theme): Promise<void> {
  await wear(page, theme);
  await page.screenshot({ path: join(artifacts, `${name}.png`) });
}

/** What axe finds, in both themes, as sentences; empty is what we want. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const theme of themes) {
    await wear(page, theme);
    // Legacy mode: Electron cannot open the second page in which axe otherwise sums up.
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
    for (const { id, help, nodes } of violations)
      found.push(
        ...nodes.map((node) => `${theme}: ${id}: ${help}: ${node.html} ${node.failureSummary ?? ""}`),
      );
  }
  await wear(page, "light");
  return found;
}

async function wear(page: Page, theme: Theme): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  await page.waitForFunction((wanted) => document.documentElement.dataset["theme"] === wanted, theme);
  // The canvas takes the new colours with the next picture it draws.
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
}
