import { defineConfig } from "vite";

// Built into the folder tools/build_frontend.py names, which swaps it in when everything is there.
const outDir = process.env.ZHUDANG_BUILT;
if (!outDir) throw new Error("Run python tools/build_frontend.py: it names the folder to build into.");

// The check people keep as one file is built after the rest, alone and whole: ZHUDANG_WHOLE names it.
const whole = process.env.ZHUDANG_WHOLE;

export default defineConfig({
  base: "./",
  publicDir: false,
  logLevel: "warn",
  build: {
    outDir,
    emptyOutDir: !whole,
    target: ["chrome100", "firefox115"],
    cssTarget: ["chrome100", "firefox115"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: whole ? { [whole]: `islands/${whole}.js` } : { app: "islands/app.js", zhudang: "css/main.css", fonts: "css/fonts.css" },
      output: {
        ...(whole ? { codeSplitting: false } : {}),
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
