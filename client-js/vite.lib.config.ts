import { defineConfig } from "vite";

// The package @nextup/client: the core, and the widget that a bundler takes in.
export default defineConfig({
  publicDir: false,
  build: {
    outDir: "lib",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    lib: { entry: { index: "src/core/index.ts", widget: "src/widget/index.ts" }, formats: ["es"] },
    rolldownOptions: { external: /^preact/, output: { entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js" } },
  },
});
