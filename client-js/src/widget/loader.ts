// The one line on a host page: <script async src="https://…/widget.js" data-token-url="/token"></script>
// Served as a classic script, so that it knows its own address. With data- attributes it also puts the
// element on the page; without, the page writes <nextup-chat> itself.
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

load(2_000);
