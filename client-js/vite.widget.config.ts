import { Features } from "lightningcss";
import { minify } from "terser";
import { defineConfig, type Plugin } from "vite";
import { compressed } from "./compressed.ts";
import { oldest, targets } from "./src/dom/floor.ts";

/** Plain calls of h are smaller than those of the JSX runtime. */
const plainJSX: Plugin = {
  name: "plain-jsx",
  enforce: "pre",
  transform: (code, id) =>
    id.endsWith(".tsx") ? { code: `import { h, Fragment } from "preact";\n${code}`, map: null } : undefined,
};

/**
 * Makes imports repeatable, for browsers remember that an address gave no module.
 *
 * The loader, a classic script of another origin, has no address of its own to
 * import from: its one import is made absolute, and is of an address that could
 * be fetched just now. Elsewhere the loading functions have a parameter _again,
 * which is added to the address.
 */
const repeatable: Plugin = {
  name: "repeatable-imports",
  renderChunk(code, { isEntry, dynamicImports }) {
    let found = 0;
    const replaced = isEntry
      ? code.replace(/import\(("[^"]+")\)/g, (_, address: string) => {
          found++;
          const fetched = "fetch(at).then(({ok,status})=>{if(!ok)throw status})";
          return `((at)=>${fetched}.then(()=>import(at)))(new URL(${address},script.src))`;
        })
      : code.replace(/(\(_again\) => import\("[^"]+")\)/g, (_, start: string) => {
          found++;
          return `${start} + _again)`;
        });
    if (found !== dynamicImports.length) {
      throw new Error(`${found} of ${dynamicImports.length} dynamic imports can be repeated`);
    }
    return replaced;
  },
};

/** A second look at what is minified already takes off another three percent. unsafe: nobody here replaces a built-in. */
const smaller: Plugin = {
  name: "smaller",
  enforce: "post",
  async generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type === "chunk") {
        const compress = { pure_getters: true, unsafe_arrows: true, keep_fargs: false, passes: 3, unsafe: true };
        const { code } = await minify(chunk.code, { module: true, ecma: 2020, compress });
        // A classic script shares its names with the host page: the loader keeps its own to itself.
        chunk.code = chunk.isEntry ? `(()=>{${code ?? ""}})()` : (code ?? chunk.code);
      }
    }
  },
};

/** What comes on demand, with what it alone needs; everything else is one file, so that it comes in one request. */
const onDemand = /src\/(widget\/(loader|locales|forms|JoinForm|Leave|Line|Menu|Rating|Choice|conversation|Chat|Composer|Entry|attention|styles\/(composer|form|line|rating))|dom\/(links|list-window|stream|shared-stream))/;

// The widget as a gateway serves it: widget.js, a classic script for one line of
// a host page, and beside it the modules that it loads, each by its own name so
// that they may be kept for ever.
export default defineConfig({
  publicDir: false,
  define: { OLDEST_BROWSERS: JSON.stringify(oldest) },
  css: { lightningcss: { exclude: Features.LightDark } }, // src/widget/style.ts does that
  plugins: [plainJSX, repeatable, smaller, compressed()],
  oxc: { jsx: { runtime: "classic", pragma: "h", pragmaFrag: "Fragment" } },
  build: {
    outDir: "dist",
    emptyOutDir: false,
    target: targets,
    lib: { entry: { widget: "src/widget/loader.ts" }, formats: ["es"] },
    rolldownOptions: {
      output: {
        minify: true,
        entryFileNames: "[name].js",
        chunkFileNames: "widget/[name]-[hash].js",
        codeSplitting: { groups: [{ name: "widget", test: (id) => !onDemand.test(id) }] },
      },
    },
  },
});
