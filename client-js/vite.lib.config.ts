import { Features } from "lightningcss";
import { defineConfig } from "vite";
import { targets } from "./src/dom/floor.ts";

// The package @nextup/client: the core, and the widget and the desktop that a bundler takes in.
export default defineConfig({
  publicDir: false,
  css: { lightningcss: { exclude: Features.LightDark } }, // src/widget/style.ts does that
  build: {
    outDir: "lib",
    emptyOutDir: true,
    target: targets,
    lib: { entry: { index: "src/core/index.ts", fallback: "src/dom/fallback.ts", widget: "src/widget/index.ts", desktop: "src/desktop/index.ts" }, formats: ["es"], cssFileName: "desktop" },
    rolldownOptions: { external: /^preact|^uplot$/, output: { entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js" } },
  },
});
