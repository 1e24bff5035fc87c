// The one line on a host page: <script async src="https://…/widget.js" data-token-url="/token"></script>
// Served as a classic script, so that it knows its own address. With data- attributes it also puts the
// element on the page; without, the page writes <nextup-chat> itself.
/** The oldest browsers that the chat runs in; the build writes it. */
declare const OLDEST_BROWSERS: string;

const script = document.currentScript as HTMLScriptElement;
const settings = Object.entries(script.dataset);

function place(): void {
  const element = document.createElement("nextup-chat");
  for (const [name, value = ""] of settings) {
    element.setAttribute(name.replace(/[A-Z]/g, (c) => `-${c}`), value); // names of attributes are lower-cased anyway
  }
  (document.body ?? document.documentElement).append(element);
}

if (settings.length > 0) {
  place();
}

/** The build makes the address absolute and has it fetched before it is imported: browsers remember an import that failed. */
function load(waitMS: number): void {
  import("./index.ts").then(
    ({ define }) => define(undefined, new URL(".", script.src).href),
    (error: unknown) => {
      // oxlint-disable-next-line no-console -- the only place where the page's developers look
      console.error(`<nextup-chat>: ${script.src} could not load the widget: ${String(error)}`);
      setTimeout(() => load(Math.min(2 * waitMS, 60_000)), waitMS);
    },
  );
}

if ("adoptedStyleSheets" in document && CSS.supports("height", "1dvh")) {
  load(2_000);
} else {
  // oxlint-disable-next-line no-console -- as above
  console.error(`<nextup-chat>: this browser is too old for the chat: ${OLDEST_BROWSERS}`);
  const link = document.createElement("a");
  link.href = link.textContent = script.dataset["link"] ?? "";
  script.after(link);
}
