import { createHash } from "node:crypto";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { licences } from "./licences.ts";

// `npm run dev` serves the page with hot reload and hands everything else to a running emulator, so that the page's
// calls stay on one origin, as they are when the emulator serves the page itself.
const EMULATOR = process.env["CUSTOM_LABELS_ENDPOINT"] ?? "http://127.0.0.1:4598";

export default defineConfig({
  base: "/console/",
  plugins: [react(), fontsAsFiles(), licences()],
  build: {
    outDir: "../emulator/console/static",
    emptyOutDir: true,
    // The page's policy allows no inline scripts; small files stay files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 1_100,
  },
  server: {
    proxy: { "^/(?!console/(?!api/)).*": { target: EMULATOR, changeOrigin: false } },
  },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});

/** The design system's style sheet carries eight fonts inline; as files only those that a page shows are loaded. */
function fontsAsFiles(): Plugin {
  return {
    name: "fonts-as-files",
    generateBundle(_, bundle) {
      for (const asset of Object.values(bundle)) {
        if (asset.type !== "asset" || !asset.fileName.endsWith(".css") || typeof asset.source !== "string") continue;
        asset.source = asset.source.replace(/data:font\/woff2;base64,([A-Za-z0-9+/=]+)/g, (_match, data: string) => {
          const source = Buffer.from(data, "base64");
          const name = `font-${createHash("sha256").update(source).digest("base64url").slice(0, 8)}.woff2`;
          this.emitFile({ type: "asset", fileName: `assets/${name}`, source });
          return name;
        });
      }
    },
  };
}
