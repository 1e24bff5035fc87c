import { test, type Page } from "@playwright/test";
import { preview, type PreviewServer } from "vite";

/** Serves the built pages to the tests of a file, without a gateway; the answer says where. */
export function servePages(): () => string {
  let server: PreviewServer | undefined;
  test.beforeAll(async () => {
    server = await preview({ root: new URL("..", import.meta.url).pathname, preview: { port: 0, host: "127.0.0.1" } });
  });
  test.afterAll(() => server?.close());
  return () => server?.resolvedUrls?.local[0] ?? "";
}

/** Leaves pictures of a page in both themes beside the test's results. */
export async function shot(page: Page, name: string): Promise<void> {
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: test.info().outputPath(`${name}-${colorScheme}.png`), animations: "disabled" });
  }
}
