// A host's own server: a page with the widget, and a token for whoever is signed in.
//
//   GATEWAY=http://127.0.0.1:8080 NEXTUP_SITE=demo NEXTUP_KEY=development NEXTUP_SECRET=… node server.mjs
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chatToken } from "./token.mjs";

const { GATEWAY = "http://127.0.0.1:8080", NEXTUP_SITE: site, NEXTUP_KEY: key, NEXTUP_SECRET: secret, PORT = "0" } = process.env;
const page = readFileSync(new URL("index.html", import.meta.url), "utf8").replaceAll("{{GATEWAY}}", GATEWAY);

const server = createServer((request, response) => {
  if (request.url === "/chat-token") {
    // Here a real server looks at its session cookie to know who asks.
    const visitor = { id: "visitor-17", name: "Lin", languages: ["zh", "en"] };
    response.setHeader("Content-Type", "application/json");
    response.setHeader("Cache-Control", "no-store");
    response.end(JSON.stringify({ token: chatToken(visitor, { site, key, secret }) }));
  } else {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(page);
  }
});
server.listen(Number(PORT), "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
