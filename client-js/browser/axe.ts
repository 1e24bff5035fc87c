import { expect, type Page } from "@playwright/test";
import axe from "axe-core";

/** The rules whose outcome a theme can change. */
const ofColour = ["color-contrast", "link-in-text-block"];

declare global {
  interface Window {
    axe?: typeof axe;
  }
}

/** The page as it is now is without fault for axe, in light and in dark. */
export async function isAccessible(page: Page): Promise<void> {
  const faults: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    faults.push(...(await inspect(page, colorScheme === "light" ? undefined : ofColour)).map((fault) => `${colorScheme}: ${fault}`));
  }
  expect(faults).toEqual([]);
}

async function inspect(page: Page, rules: string[] | undefined): Promise<string[]> {
  if (!(await page.evaluate(() => window.axe !== undefined))) {
    await page.evaluate(axe.source);
  }
  return page.evaluate(async (only) => {
    const { violations = [] } = (await window.axe?.run(document, { resultTypes: ["violations"], ...(only && { runOnly: only }) })) ?? {};
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 200)).join(" ")}`);
  }, rules);
}
