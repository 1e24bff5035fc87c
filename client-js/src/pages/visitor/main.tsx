import { render } from "preact";
import { VisitorClient } from "../../core/index.ts";
import { demoToken, recall, remember, socketAddress, tokenFromAddress, type Identity } from "../shared/identity.ts";
import { locales, type Locale } from "../shared/texts.ts";
import { VisitorPage } from "./VisitorPage.tsx";
import "../theme.css";
import "./visitor.css";

function startLocale(): Locale {
  const kept = recall<string>("locale") ?? new URLSearchParams(location.search).get("lang") ?? navigator.language;
  return kept.startsWith("zh") ? "zh" : "en";
}

/** A new visitor with a name that tells the tabs of a demo apart. */
function newVisitor(locale: Locale): Identity {
  const names = ["Ada", "Bo", "Chen", "Dana", "Emil", "Fumi", "Gita", "Hugo", "Ines", "Jun", "Kai", "Lin"];
  const [pick = 0, ...rest] = Array.from(crypto.getRandomValues(new Uint8Array(9)));
  const sub = `visitor-${rest.map((n) => n.toString(16).padStart(2, "0")).join("")}`;
  return { sub, name: names[pick % names.length] ?? "Ada", languages: [locale] };
}

const fixed = tokenFromAddress();
const locale = startLocale();
const identity = recall<Identity>("visitor") ?? newVisitor(locale);
remember("visitor", identity);
const token = () => fixed ?? demoToken("visitor", identity);

const page = document.getElementById("page");
if (page !== null) {
  const client = new VisitorClient({ url: socketAddress(), token });
  client.connect();
  render(<VisitorPage {...{ client, token, locale }} locales={Object.keys(locales) as Locale[]} />, page);
}
