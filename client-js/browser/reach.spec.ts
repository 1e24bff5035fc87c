import { expect, test, type Page } from "@playwright/test";
import { golden } from "../test/fixtures.ts";
import { atDesk, desk, held, lin, offered, says, startNumbers } from "./desk-kit.ts";
import { pages, shot } from "./pages.ts";
import { ScriptedGateway } from "./scripted.ts";

// Whatever can be pressed or written in can be reached, on every screen down to 320 by 256 (400 % zoom).

const calm = { reason: undefined, languages: undefined, hold: undefined, widened: undefined, paused: undefined, rating: undefined };
const mei = { role: "agent", id: "a-3", name: "Mei" };
const screens = [[1280, 800], [390, 844], [667, 375], [360, 640], [320, 480], [320, 256]] as const;

/** Brings the panel into a state, by what the gateway sends and what the visitor presses. */
const states: Record<string, (gateway: ScriptedGateway, page: Page) => Promise<void>> = {
  joining: async () => undefined,
  settings: async (_, page) => page.getByRole("button", { name: "Settings" }).press("Enter"),
  waiting: async (gateway) => {
    const hold = { agent: mei, until_ms: Date.now() + 28_000 };
    gateway.sends(golden("ticket", { ...calm, as_of_ms: Date.now(), position: 1_204, size: 3_000, hold, paused: true, unattended: true, reason: "returned" }));
  },
  "talking, settings open": async (gateway) => gateway.sends(golden("ticket.assigned", { ...calm, agent: mei })),
  "the agent is lost": async (gateway) => gateway.sends(golden("ticket.assigned", { ...calm, agent: mei, agent_lost: true })),
  "talking, settings shut": async (_, page) => page.getByRole("button", { name: "Settings" }).press("Enter"),
  ended: async (gateway, page) => {
    gateway.sends(golden("ticket.closed", { ...calm, agent: mei }));
    await page.getByTestId("score-4").press("Space");
  },
};

test("everything in the panel can be reached in every state on every screen", async ({ page }) => {
  const gateway = await ScriptedGateway.start(page, { topics: ["withdrawal"], urgencies: ["high", "low"] });
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`${pages}visitor.html`);
  await gateway.welcomes();
  await expect(page.getByTestId("join")).toBeInViewport({ ratio: 1 });
  const faults: string[] = [];
  for (const [state, bring] of Object.entries(states)) {
    await bring(gateway, page);
    for (const [width, height] of screens) {
      await page.setViewportSize({ width, height });
      await expect(page.getByTestId("visitor")).toBeVisible();
      const found = await page.getByTestId("visitor").evaluate((panel) => {
        const root = panel.getRootNode() as ShadowRoot;
        const wrong: string[] = [];
        for (const one of panel.querySelectorAll<HTMLElement>("button, input, textarea, a[href], [tabindex='0']")) {
          one.scrollIntoView({ block: "center" });
          const box = one.getBoundingClientRect();
          const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
          const hit = root.elementFromPoint(x, y);
          const reached = hit !== null && (one.contains(hit) || hit.contains(one));
          if (!reached || x < 0 || x > innerWidth || y < 0 || y > innerHeight) {
            wrong.push(`${one.tagName} ${one.getAttribute("aria-label") ?? one.textContent} at ${Math.round(x)},${Math.round(y)}`);
          }
          if (/INPUT|TEXTAREA/.test(one.tagName) && parseFloat(getComputedStyle(one).fontSize) < 16) {
            wrong.push(`${one.tagName} is written in ${getComputedStyle(one).fontSize}`);
          }
        }
        const list = panel.querySelector("[data-testid=entries]");
        if (list !== null && list.clientHeight < 90) {
          wrong.push(`the list of messages is ${list.clientHeight} px high`);
        }
        panel.scrollTo(0, 0);
        return [...wrong, ...(document.documentElement.scrollWidth > innerWidth ? ["the page scrolls sideways"] : [])];
      });
      faults.push(...found.map((fault) => `${state}, ${width}×${height}: ${fault}`));
      if (width === 1280 || width === 390 || height < 380) {
        await shot(page, `${state}-${width}x${height}`);
      }
    }
  }
  expect(faults).toEqual([]);
});

test("everything at the desk can be reached on every screen, with an offer and a long draft", async ({ page }) => {
  startNumbers();
  const gateway = await atDesk(page, pages);
  gateway.sends(desk({ offers: [offered({ deadline_ms: Date.now() + 60_000 })], tickets: [held(), held({ ticket: "t-2", visitor: { ...lin, id: "v-2", name: "Ana" } })] }));
  for (let i = 0; i < 12; i++) {
    gateway.sends(says("t-1", lin, `message ${i}`));
  }
  await page.getByTestId("composer").fill("a line\n".repeat(9));
  const faults: string[] = [];
  for (const [width, height] of screens) {
    await page.setViewportSize({ width, height });
    const found = await page.getByTestId("desk").evaluate((whole) => {
      const wrong: string[] = [];
      for (const one of whole.querySelectorAll<HTMLElement>("button:enabled, input, textarea, a[href]")) {
        one.scrollIntoView({ block: "center" });
        const box = one.getBoundingClientRect();
        const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        if (box.width > 0 && (hit === null || !(one.contains(hit) || hit.contains(one)))) {
          wrong.push(one.dataset["testid"] ?? one.outerHTML);
        }
      }
      whole.scrollTo(0, 0);
      const list = whole.querySelector("[data-testid=entries]")?.clientHeight ?? 0;
      return [...wrong, ...(list < 80 ? [`the list of messages is ${list} px high`] : []), ...(whole.getBoundingClientRect().top !== 0 ? ["the page scrolls under it"] : []), ...(document.documentElement.scrollWidth > innerWidth ? ["it scrolls sideways"] : [])];
    });
    faults.push(...found.map((fault) => `${width}×${height}: ${fault}`));
    if (width <= 390) {
      await shot(page, `desk-${width}x${height}`);
    }
  }
  expect(faults).toEqual([]);
});
