import type { NextupChat } from "../../widget/index.ts";
import { browserLanguages, isTag } from "../../dom/languages.ts";
import { demoToken, recall, remember, tokenFromAddress, type Demo } from "../shared/identity.ts";

// The demo's host page. Its visitors are made up, one a tab; a real page has
// visitors that are signed in, and asks its own server for their tokens.

/** A new visitor with a name that tells the tabs of a demo apart. */
function newVisitor(): Demo {
  const names = ["Ada", "Bo", "Chen", "Dana", "Emil", "Fumi", "Gita", "Hugo", "Ines", "Jun", "Kai", "Lin"];
  const [pick = 0, ...rest] = Array.from(crypto.getRandomValues(new Uint8Array(9)));
  const sub = `visitor-${rest.map((n) => n.toString(16).padStart(2, "0")).join("")}`;
  return { role: "visitor", sub, name: names[pick % names.length] ?? "Ada", languages: browserLanguages().filter(isTag).slice(0, 1) };
}

const fixed = tokenFromAddress() ?? recall<string>("nextup.token"); // over a reload too
remember("nextup.token", fixed);
const identity = recall<Demo>("nextup.visitor") ?? newVisitor();
remember("nextup.visitor", identity);

const chat = document.createElement("nextup-chat") as NextupChat;
chat.token = () => fixed ?? demoToken(identity);
chat.setAttribute("brand", "Harbour");
chat.toggleAttribute("open", matchMedia("(min-width: 60rem)").matches);
const asked = new URLSearchParams(location.search);
for (const [name, value] of asked) {
  // The demo's address may say what a page's author would: ?locale=ja&theme=dark&department=support
  if (["locale", "theme", "department", "language", "topic"].includes(name)) {
    chat.setAttribute(name, value);
  }
}
document.body.append(chat);

for (const button of document.querySelectorAll<HTMLElement>("[data-topic]")) {
  button.addEventListener("click", () => {
    chat.setAttribute("topic", button.dataset["topic"] ?? "");
    chat.open = true;
  });
}

if (import.meta.env.DEV) {
  void import("../../widget/index.ts").then(({ define }) => define(undefined, new URL(".", location.href).href));
} else {
  const script = document.createElement("script");
  script.src = new URL("widget.js", location.href).href;
  document.head.append(script);
}
