import { defineConfig } from "vite";

// The package @nextup/client: the core, and the widget and the desktop that a bundler takes in.
export default defineConfig({
  publicDir: false,
  build: {
    outDir: "lib",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    lib: { entry: { index: "src/core/index.ts", widget: "src/widget/index.ts", desktop: "src/desktop/index.ts" }, formats: ["es"], cssFileName: "desktop" },
    rolldownOptions: { external: /^preact|^uplot$/, output: { entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js" } },
  },
});
