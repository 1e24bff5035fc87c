import { expect, test, type Page } from "@playwright/test";
import { Host } from "./host.ts";
import { ScriptedGateway } from "./scripted.ts";

// Neither breaks the other: whatever a page's style sheet says, the chat stands where it stood and looks as it did.

interface Sheet {
  readonly css: string;
  /** Lines run from right to left, so that the chat is in the other corner. */
  readonly mirrored?: true;
}

const sheets: Record<string, Sheet> = {
  "everything is placed": { css: "* { position: relative !important }" },
  "everything is placed elsewhere": { css: "* { position: static !important; inset: 0 auto auto 0 !important; z-index: -1 !important }" },
  "everything is unset": { css: "* { all: unset }" },
  "everything is unset, importantly": { css: "* { all: unset !important }" },
  "everything is hidden": { css: "body * { display: none !important }" },
  "everything is unseen": { css: "* { visibility: hidden !important; opacity: 0 !important }" },
  "what is empty is hidden": { css: "div:empty, :empty, :not(:has(*)) { display: none !important }" },
  "the body is transformed": { css: "body { transform: scale(0.5) rotate(4deg); perspective: 90px; will-change: transform }" },
  "the root is transformed": { css: "html { scale: 0.7; rotate: 8deg; translate: 40px 90px; transform-origin: 0 0 }" },
  "the body is zoomed": { css: "body { zoom: 1.6 }" },
  "everything is zoomed": { css: "* { zoom: 0.8 !important }" },
  "the root is filtered": { css: "html { filter: invert(1) hue-rotate(180deg) blur(3px) }" },
  "the body is cut off": { css: "html, body { width: 0; height: 0; overflow: clip; clip-path: inset(100%); mask: linear-gradient(#0000, #0000) }" },
  "the body is contained": { css: "body { contain: strict; container-type: size; height: 300px; isolation: isolate; mix-blend-mode: difference }" },
  "elements are contained": { css: "body * { contain: strict !important; content-visibility: hidden !important; container-type: size !important }" },
  "an overlay is above all": { css: 'body::after { content: ""; position: fixed; inset: 0; z-index: 2147483647; background: #102030 }' },
  "a root of 10 px": { css: "html { font-size: 62.5% }" },
  "a root of 40 px": { css: "html { font: 40px/3 serif !important; letter-spacing: 0.3em; word-spacing: 1em }" },
  "every text is another": {
    css: `* { font: italic 900 31px/3 cursive !important; color: red !important; text-transform: uppercase !important; text-shadow: 0 0 4px red !important;
      letter-spacing: 4px !important; text-indent: 40px !important; text-align: right !important; white-space: nowrap !important; -webkit-text-fill-color: #0000 !important }`,
  },
  "every box is another": {
    css: `* { box-sizing: content-box !important; margin: 30px !important; padding: 30px !important; border: 9px solid red !important; outline: 5px solid red !important;
      width: 50% !important; max-width: 90px !important; min-height: 900px !important; background: red !important; border-radius: 0 !important; box-shadow: 0 0 9px red !important }`,
  },
  "everything floats": { css: "* { float: left !important; clear: both !important; display: inline !important; vertical-align: top !important }" },
  "everything is a grid": { css: "* { display: grid !important; grid-template: 40px 40px / 40px 40px !important; place-items: end !important; gap: 30px !important }" },
  "the page has columns": { css: "html { columns: 3 } body { position: fixed; width: 300px; display: flex; flex-direction: row-reverse }" },
  "controls are dressed": { css: "button, input, textarea, form, h2, p, section, svg { all: unset !important; display: block !important; width: 9px !important; fill: red !important }" },
  "lines run downwards": { css: "* { writing-mode: vertical-rl !important; text-orientation: upright !important }" },
  "lines run from the right": { css: "html { direction: rtl }", mirrored: true },
  "all lines run from the right": { css: "* { direction: rtl !important; unicode-bidi: bidi-override !important }", mirrored: true },
  "everything moves": {
    css: `@keyframes rise { to { transform: translateX(-900px) } } @keyframes tap { to { opacity: 0 } }
      * { animation: rise 1s infinite alternate !important; transition: all 9s !important }`,
  },
  "nothing can be pressed": { css: "* { pointer-events: none !important; user-select: none !important; cursor: none !important; touch-action: none !important }" },
  "its own names are taken": {
    css: `* { --accent: red; --accent-ink: red; --hero: red; --hero-ink: red; --own: red; --card: red; --sunken: red; --ink: red; --soft: red; --line: red;
      --mark: red; --radius: 90px; --inner: 90px; --light: red; --dark: red } .root, .panel, .launcher, .bar, .hero { display: none !important }`,
  },
  "popovers are hidden": { css: "[popover], :popover-open, dialog { display: none !important } ::backdrop { background: red !important; display: block !important }" },
  "the element itself is hidden": { css: "nextup-chat, body > nextup-chat:not(#x) { display: none !important; transform: scale(0); inset: 900px !important; color: red; font: 3px serif }" },
};

/** As much as a layer that is composed differently changes along the edges of round things: of some 500,000 values. */
const antialiasing = 40;

let host: Host;

test.beforeAll(async () => {
  const chat = '<script async src="/built/widget.js" data-gateway="http://gateway.example" data-token="x.y.z" data-locale="en"></script>';
  host = await Host.serves(() => `<meta name="viewport" content="width=device-width"><style id="sheet"></style><body><h1>A shop</h1><p>Bread and wine</p>${chat}`);
});
test.afterAll(() => host.stop());

/** Where a part of the chat is: left, top, width, height. */
async function boxOf(page: Page, part: string): Promise<number[]> {
  const { x, y, width, height } = await page.locator(part).evaluate((e) => e.getBoundingClientRect().toJSON() as DOMRect);
  return [x, y, width, height].map((n) => Math.round(n * 10) / 10);
}

/** What is seen in a box, within round corners. */
function pictureOf(page: Page, [x = 0, y = 0, width = 0, height = 0]: number[]): Promise<Buffer> {
  const inset = x === 0 ? 0 : width === height ? 10 : 24;
  const clip = { x: x + inset, y: y + inset, width: width - 2 * inset, height: height - 2 * inset };
  return page.screenshot({ clip, animations: "disabled", caret: "hide" });
}

/** How many values of two pictures differ by more than the eye sees. */
async function difference(page: Page, a: Buffer, b: Buffer): Promise<number> {
  return a.equals(b) ? 0 : page.evaluate(async (pictures) => {
    const [one, other] = await Promise.all(
      pictures.map(async (png) => {
        const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
        canvas?.drawImage(bitmap, 0, 0);
        return canvas?.getImageData(0, 0, bitmap.width, bitmap.height).data;
      }),
    );
    return one?.reduce((sum, value, i) => sum + (Math.abs(value - (other?.[i] ?? 0)) > 24 ? 1 : 0), 0) ?? -1;
  }, [a, b].map((png) => png.toString("base64")));
}

/** The page with another sheet; the chat hears of it as it hears of all news. */
async function dress(page: Page, css: string, open: boolean): Promise<void> {
  await page.evaluate(
    async ([text, opened]) => {
      (document.querySelector("#sheet") as HTMLStyleElement).textContent = text;
      const chat = document.querySelector("nextup-chat") as HTMLElement;
      chat.toggleAttribute("open", opened);
      chat.setAttribute("brand", "A shop"); // draws
      for (let frames = 0; frames < 2; frames++) {
        await new Promise(requestAnimationFrame);
      }
    },
    [css, open] as const,
  );
}

for (const [width, height] of [[1280, 800], [390, 844]] as const) {
  test(`${Object.keys(sheets).length} hostile style sheets neither move nor change the chat, ${width} wide`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ reducedMotion: "reduce" });
    const gateway = await ScriptedGateway.start(page, { topics: ["withdrawal"] });
    await page.goto(host.address);
    await page.getByTestId("launcher").click();
    await gateway.welcomes();
    await expect(page.getByTestId("join")).toBeInViewport({ ratio: 1 });
    const parts = [[".panel", true], [".launcher", false]] as const;
    const faults: string[] = [];
    for (const [part, open] of parts) {
      await dress(page, "", open);
      await page.mouse.move(1, 1);
      const plain = await boxOf(page, part);
      const picture = await pictureOf(page, plain);
      for (const [name, { css, mirrored }] of Object.entries(sheets)) {
        await dress(page, css, open);
        const [x = 0, y = 0, w = 0, h = 0] = plain;
        const want = mirrored ? [width - x - w, y, w, h] : plain;
        const box = await boxOf(page, part);
        const different = String(box) === String(want) ? await difference(page, picture, await pictureOf(page, want)) : 0;
        if (String(box) !== String(want)) {
          faults.push(`${name}: ${part} is at ${box.join()}, not at ${want.join()}`);
        } else if (different > antialiasing) {
          faults.push(`${name}: ${part} looks different (${different})`);
        }
      }
    }
    expect(faults).toEqual([]);
  });
}

test("the chat keeps out of the page's way: on paper, under its dialogs, where it is moved to, and in a layer that it is given", async ({ page }) => {
  await page.goto(host.address);
  await expect(page.getByTestId("launcher")).toBeInViewport({ ratio: 1 });
  const above = () =>
    page.evaluate(() => {
      const box = document.querySelector("nextup-chat")?.shadowRoot?.querySelector(".launcher")?.getBoundingClientRect();
      return box && document.elementFromPoint(box.x + 30, box.y + 30)?.localName;
    });
  await page.emulateMedia({ media: "print" });
  await expect(page.getByTestId("launcher")).toBeHidden();
  await page.emulateMedia({ media: "screen" });
  await dress(page, "dialog { position: fixed; inset: 0; width: 100vw; height: 100vh; max-width: none; max-height: none } body::after { content: ''; position: fixed; inset: 0; z-index: 9 }", false);
  expect(await above()).toBe("nextup-chat");
  await page.evaluate(() => {
    const dialog = document.body.appendChild(document.createElement("dialog"));
    dialog.showModal();
  });
  expect(await above()).toBe("dialog");
  await page.evaluate(() => {
    document.querySelector("dialog")?.remove();
    document.body.appendChild(document.createElement("main")).append(document.querySelector("nextup-chat") as HTMLElement);
  });
  await expect.poll(above).toBe("nextup-chat");
  await page.evaluate(() => ((document.querySelector("nextup-chat") as HTMLElement).style.setProperty("--nextup-z", "8")));
  await dress(page, "body::after { content: ''; position: fixed; inset: 0; z-index: 9 }", false);
  expect(await above()).toBe("body");
  await page.evaluate(() => ((document.querySelector("nextup-chat") as HTMLElement).hidden = true));
  await expect(page.getByTestId("launcher")).toBeHidden();
});
