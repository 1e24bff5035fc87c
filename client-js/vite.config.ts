import { readdirSync, readFileSync, rmSync } from "node:fs";
import { minify_sync } from "terser";
import { defineConfig, type Plugin } from "vite";
import { compressed } from "./compressed.ts";
import { targets } from "./src/dom/floor.ts";

const gateway = process.env["NEXTUP_GATEWAY"] ?? "http://127.0.0.1:8080";

/** Empties dist but for what is committed, which says how to build. */
function keepPlaceholder(): Plugin {
  return {
    name: "keep-placeholder",
    apply: "build",
    buildStart() {
      for (const name of readdirSync("dist").filter((n) => !n.startsWith("PLACEHOLDER."))) {
        rmSync(`dist/${name}`, { recursive: true });
      }
    },
  };
}

/** Every page asks for itself again where one of its files did not come. */
function asksAgain(): Plugin {
  const children = minify_sync(readFileSync("src/pages/again.js", "utf8")).code ?? "";
  return { name: "asks-again", apply: "build", transformIndexHtml: () => [{ tag: "script", children, injectTo: "head-prepend" }] };
}

export default defineConfig({
  base: "./",
  plugins: [keepPlaceholder(), asksAgain(), compressed()],
  build: {
    target: targets,
    emptyOutDir: false,
    modulePreload: false, // WebKit remembers one that did not come, and asks for it no more when the page is loaded anew
    assetsInlineLimit: 0, // no data: addresses, for a strict content policy
    rolldownOptions: { input: ["index.html", "visitor.html", "desk.html"] },
  },
  // npm run dev serves the sources and passes the rest to a running gateway.
  server: {
    proxy: {
      "/v1": { target: gateway, ws: true },
      "/demo": { target: gateway },
    },
  },
});
