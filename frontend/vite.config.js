import { defineConfig } from "vite";

// Built into the folder tools/build_frontend.py names, which swaps it in when everything is there.
const outDir = process.env.ZHUDANG_BUILT;
if (!outDir) throw new Error("Run python tools/build_frontend.py: it names the folder to build into.");

export default defineConfig({
  base: "./",
  publicDir: false,
  logLevel: "warn",
  build: {
    outDir,
    emptyOutDir: true,
    target: ["chrome100", "firefox115"],
    cssTarget: ["chrome100", "firefox115"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: { app: "islands/app.js", zhudang: "css/main.css", fonts: "css/fonts.css" },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "chunks/[name]-[hash].js",
        assetFileNames: (asset) => {
          const name = asset.names?.[0] ?? "";
          if (name === "zhudang.css" || name === "fonts.css") return name;
          return name.endsWith(".woff2") ? "fonts/[name]-[hash][extname]" : "assets/[name]-[hash][extname]";
        },
      },
    },
  },
});
