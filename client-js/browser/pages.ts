import { test, type Page } from "@playwright/test";

/** Where the built pages are served without a gateway. */
export const pages = process.env["NEXTUP_PAGES"] ?? "";

/** With NEXTUP_SHOTS=1, leaves pictures of a page in both themes beside the test's results. */
export async function shot(page: Page, name: string): Promise<void> {
  if (process.env["NEXTUP_SHOTS"] !== "1") {
    return;
  }
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: test.info().outputPath(`${name}-${colorScheme}.png`), animations: "disabled" });
  }
}
