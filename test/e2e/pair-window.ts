import type { Locator, Page } from "playwright";
import type { BrokerState, NodeName } from "../../engine/control/views.ts";

export type ProtectionWord = "Protected" | "Unprotected" | "Syncing" | "Split" | "Down";
export type ButtonWord = "Kill" | "Freeze" | "Thaw" | "Stop" | "Start";

/** The window in the words of its user; the same for the app and for a browser. Waits by itself, with a deadline. */
export class PairWindow {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async isProtection(word: ProtectionWord): Promise<void> {
    const badge = this.page.getByRole("status", { name: "Protection", exact: true });
    await badge.filter({ hasText: new RegExp(`^\\s*${word}\\s*$`) }).waitFor();
  }

  async isBroker(node: NodeName, state: BrokerState): Promise<void> {
    const badge = this.page.getByRole("status", { name: `${capitalised(node)} state`, exact: true });
    await badge.filter({ hasText: new RegExp(`^\\s*${state}\\s*$`) }).waitFor();
  }

  card(node: NodeName): Locator {
    return this.page.getByRole("article", { name: `${capitalised(node)} broker` });
  }

  brokerButton(word: ButtonWord, node: NodeName): Locator {
    return this.button(`${word} ${node}`);
  }

  /** One click, and nothing asks back. */
  async press(word: ButtonWord, node: NodeName): Promise<void> {
    await this.brokerButton(word, node).click();
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  /** A producer and a consumer that already have something to lose. */
  async startDemo(): Promise<void> {
    await this.button("Start the demo").click();
    await this.hasClients(2);
    await this.flows();
  }

  get clients(): Locator {
    return this.page.getByRole("region", { name: "Clients", exact: true }).getByRole("listitem");
  }

  async hasClients(count: number): Promise<void> {
    await this.clients.nth(count - 1).waitFor();
  }

  client(name: string | RegExp): Locator {
    return this.page.getByRole("region", { name: "Clients", exact: true }).getByRole("listitem", { name });
  }

  get ledger(): Locator {
    return this.page.getByRole("region", { name: "Ledger" });
  }

  /** A number of the ledger: `confirmed`, `received once`, `lost`. */
  async counted(label: string): Promise<number> {
    const figure = this.ledger
      .locator("dl > div")
      .filter({ has: this.page.getByText(label, { exact: true }) });
    const text = await figure.locator("dd").textContent();
    return Number((text ?? "").replaceAll(",", ""));
  }

  /** More messages are confirmed, and arrive, than at the moment of asking. */
  async flows(): Promise<void> {
    const before = await this.counted("received once");
    await this.page.waitForFunction((least) => {
      const figures = [...document.querySelectorAll('section[aria-label="Ledger"] dl > div')];
      const received = figures.find((figure) => figure.querySelector("dt")?.textContent === "received once");
      return Number(received?.querySelector("dd")?.textContent.replaceAll(",", "")) > least;
    }, before + 20);
  }

  get verdict(): Locator {
    return this.ledger.getByRole("status", { name: "Verdict" });
  }

  get recovery(): Locator {
    return this.page.getByRole("region", { name: "Recovery", exact: true });
  }

  /** From the offer beside the protection to the copy itself. */
  async recover(node: NodeName): Promise<void> {
    await this.page
      .getByRole("button", { name: new RegExp(`^Recover the ${node}`) })
      .first()
      .click();
    await this.recovery.getByRole("button", { name: `Recover the ${node}`, exact: true }).click();
  }

  async chooseTab(name: string): Promise<void> {
    await this.page.getByRole("tab", { name, exact: true }).click();
  }

  event(text: string | RegExp): Locator {
    return this.page.getByRole("log").getByRole("button").filter({ hasText: text }).first();
  }

  /** Runs a command of the palette by keys alone. */
  async command(words: string): Promise<void> {
    await this.page.keyboard.press("Control+k");
    await this.page.getByRole("dialog", { name: "Command palette" }).waitFor();
    await this.page.keyboard.type(words);
    await this.page.keyboard.press("Enter");
  }

  /** Sets the link by its popover. */
  async setLink(mode: "Heal" | "Cut" | "Half-open" | "Delay"): Promise<void> {
    const link = this.page.getByRole("region", { name: "Replication link" });
    await link.getByRole("button").click();
    const popover = this.page.getByRole("dialog", { name: "Replication link" });
    await popover.getByRole("button", { name: mode, exact: true }).click();
    await this.page.keyboard.press("Escape");
    await popover.waitFor({ state: "hidden" });
  }

  get link(): Locator {
    return this.page.getByRole("region", { name: "Replication link" });
  }

  /** What the selected span of the timeline says, once all of the last minutes is selected. */
  async spanOfAll(): Promise<string> {
    const timeline = this.page.getByRole("application", { name: /^Timeline/ });
    for (let step = 0; step < 6; step += 1) await timeline.press("-");
    const box = await timeline.boundingBox();
    if (box === null) throw new Error("There is no timeline.");
    const y = box.y + box.height - 8;
    await this.page.mouse.move(box.x + 156, y);
    await this.page.mouse.down();
    await this.page.mouse.move(box.x + box.width - 4, y, { steps: 4 });
    await this.page.mouse.up();
    const bar = this.page.getByRole("region", { name: "Selected span" });
    const text = await bar.innerText();
    await bar.getByRole("button", { name: /Clear the selection/ }).click();
    for (let step = 0; step < 6; step += 1) await timeline.press("+");
    return text.replaceAll(/\s+/g, " ");
  }
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
