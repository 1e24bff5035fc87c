import { expect, test } from "@playwright/test";
import { host, leaveAll, line, newServers, serve, start, visitor } from "./embed-kit.ts";
import { mint, watch } from "./host.ts";
import { Visitor } from "./people.ts";

test.afterEach(({ browser }) => leaveAll(browser));

test.describe("a page that is set up wrongly says so in the console, and to the visitor", () => {
  test("a wrong address", async ({ browser }) => {
    await serve(() => '<script async src="/built/widget.js" data-gateway="http://127.0.0.1:9/" data-token="x"></script>');
    const { lin, seen } = await visitor(browser);
    await expect(lin.banner).toContainText("We cannot reach the chat. Trying again…");
    await expect.poll(() => seen.said.join()).toContain("<nextup-chat>: no answer from ws://127.0.0.1:9/v1/connect");
    expect(seen.said.filter((text) => text.startsWith("<nextup-chat>"))).toHaveLength(1); // not at every try
  });

  test("an address that is none", async ({ browser }) => {
    await serve(() => '<script async src="/built/widget.js" data-gateway="ftp://x" data-token="x"></script>');
    const { page, seen } = await visitor(browser);
    await expect(page.getByTestId("problem")).toHaveText("The chat is not set up correctly on this page.");
    expect(seen.said).toContain('<nextup-chat>: gateway="ftp://x" is no http or https address');
  });

  test("an origin that the site does not list: what to do is in the console, and no visitor waits for it", async ({ browser }) => {
    const gateway = await start(line(), newServers("[en]", '["https://shop.example"]'));
    const { lin, seen } = await visitor(browser);
    await expect(lin.banner).toContainText("The chat is not set up correctly on this page.");
    const said = seen.said.filter((text) => text.startsWith("<nextup-chat>"));
    expect(said).toEqual([`<nextup-chat>: ${gateway.replace(/^http/, "ws")}/v1/connect opens no socket for this page: add ${host?.address} to the site's origins`]);
  });

  test("a network that lets neither a socket nor a stream through: the console does not blame the site", async ({ browser }) => {
    await start(line());
    const { page, seen } = await visitor(browser, { serviceWorkers: "block" });
    await page.routeWebSocket("**/v1/connect", (socket) => void socket.close({ code: 1006 }));
    await page.route("**/v1/connect", (route) => route.abort());
    await page.reload();
    await expect(page.getByTestId("connection")).toContainText("We cannot reach the chat.");
    await expect.poll(() => seen.said.join()).toContain("something between lets no WebSocket through");
  });

  test("a token that has expired, and no new one", async ({ browser }) => {
    await start(line());
    if (host !== undefined) {
      const old = mint({ sub: "v-1" }, -60);
      host.token = () => old;
    }
    const { lin, seen } = await visitor(browser);
    await expect(lin.banner).toContainText("Your sign-in has expired. Please reload the page.");
    expect(seen.said.join()).toContain("<nextup-chat>: refused (4501)");
    if (host !== undefined) {
      host.token = () => mint({ sub: "v-1" });
    }
    await lin.banner.getByRole("button", { name: "Try now" }).click();
    await expect(lin.banner).toBeEmpty();
  });

  test("a token of nobody's", async ({ browser }) => {
    await start(line());
    if (host !== undefined) {
      host.token = () => `${mint({ sub: "v-1" })}x`;
    }
    const { lin, seen } = await visitor(browser);
    await expect(lin.banner).toContainText("The chat is not set up correctly on this page.");
    expect(seen.said.join()).toContain("<nextup-chat>: refused (4500)");
  });

  test("a queue that does not exist: the visitor chooses among those that do", async ({ browser }) => {
    await start(line('data-department="suport"'));
    const { lin, seen, page } = await visitor(browser);
    await expect(page.getByText("The line that this page asked for does not exist. Please choose.")).toBeVisible();
    expect(seen.said.join()).toContain('department="suport"');
    expect(seen.said.join()).toContain("there are support (zh, en, es, ja, ko)");
    await page.getByTestId("join").click();
    await lin.isNumber(1);
  });

  test("a browser that stores nothing: it works, and warns of what that costs", async ({ browser }) => {
    await start(line('data-department="support" data-language="en"'));
    const context = await browser.newContext({ viewport: { width: 1_000, height: 760 } });
    await context.addInitScript(() => {
      for (const name of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(window, name, {
          get() {
            throw new DOMException("The operation is insecure.", "SecurityError");
          },
        });
      }
    });
    const page = await context.newPage();
    const seen = watch(page);
    const lin = await Visitor.opens(page, host?.address ?? "");
    await expect(page.getByText("This browser keeps nothing for us")).toBeVisible();
    expect(seen.said.join()).toContain("<nextup-chat>: this page may not store anything");
    await page.getByTestId("join").click();
    await lin.isNumber(1);
    await lin.says("it works");
    expect(seen.errors).toEqual([]);
  });
});
