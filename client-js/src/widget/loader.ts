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
void import("./index.ts").then(
  ({ define }) => define(undefined, new URL(".", script.src).href),
  // oxlint-disable-next-line no-console -- the only place where the people who build the page look
  (error: unknown) => console.error(`<nextup-chat>: ${script.src} could not load the widget: ${String(error)}`),
);
