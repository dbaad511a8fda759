import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStorefront, type StorefrontBench } from "../examples/storefront-bench.ts";
import { eventually } from "../sandbox/bench.ts";

const executablePath = "/usr/bin/chromium";
const isThere = existsSync(executablePath);
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

describe.skipIf(!isThere)(`the status page${isThere ? "" : ` (skipped: there is no ${executablePath})`}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args });
  });
  afterAll(() => browser.close());

  const open = async (shop: StorefrontBench): Promise<{ page: Page; complaints: string[] }> => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(shop.url);
    await page.locator("article").first().waitFor();
    return { page, complaints };
  };
  const pill = (page: Page, service: string) => page.locator(`#${service} .pill`).innerText();

  test("shows the three services, and what goes on at them, without a complaint of the browser", async () => {
    await using shop = await openStorefront();
    const { page, complaints } = await open(shop);
    await shop.pay();

    expect(await page.locator("article h2").allInnerTexts()).toEqual([
      "Payment gateway",
      "Notifications",
      "Price feed",
    ]);
    await eventually(() => page.locator("#paymentGateway table").innerText()).toContain("POST /v1/payments");
    await eventually(() => page.locator("#realtime table").innerText()).toContain("EURUSD");
    expect(await page.locator("#overall").innerText()).toBe("all is well");
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("shows a fault that is switched on, and that it is over", async () => {
    await using shop = await openStorefront();
    const { page } = await open(shop);
    await shop.far.order("gateway", { kind: "error", status: 503 });
    await shop.far.order("feed", { kind: "unreachable" });

    await eventually(() => pill(page, "paymentGateway")).toBe("fail");
    await eventually(() => page.locator("#realtime dd").first().innerText()).toBe("reconnecting");
    expect(await pill(page, "notificationService")).toBe("pass");
    expect(await page.locator("#overall").innerText()).toBe("a service is down");

    await shop.far.clear("gateway");
    await shop.far.clear("feed");
    await eventually(() => pill(page, "paymentGateway")).toBe("pass");
    await eventually(() => page.locator("#realtime dd").first().innerText()).toBe("open");
    await eventually(() => page.locator("#realtime dd").last().innerText()).toBe("1");
    await page.close();
  });

  test("says so when the storefront itself is gone", async () => {
    await using shop = await openStorefront();
    const { page } = await open(shop);
    await shop.storefront.app.close();

    await page.getByText("the storefront does not answer").waitFor();
    expect(await page.locator("#overall").getAttribute("class")).toBe("pill fail");
    await page.close();
  });

  test.each([1280, 360])("fits a window of %i pixels, light and dark", async (width) => {
    await using shop = await openStorefront();
    const { page } = await open(shop);
    await page.setViewportSize({ width, height: 800 });
    const colours = [];
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      colours.push(await page.evaluate("getComputedStyle(document.body).backgroundColor"));
    }

    expect(new Set(colours).size).toBe(2);
    expect(await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")).toBeLessThanOrEqual(0);
    await page.close();
  });
});
