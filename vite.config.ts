import { fileURLToPath } from "node:url";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const server = "http://127.0.0.1:8787";

export default defineConfig({
  root: at("src/web"),
  plugins: [react(), tailwind()],
  resolve: {
    alias: [
      // The markdown renderer can parse raw HTML. We never do, so its parser (a third of the renderer) stays out.
      { find: "rehype-raw", replacement: at("src/web/markdown/no-raw-html.ts") },
      // In a browser it would decode `&amp;` through innerHTML, which the page's Trusted Types forbid.
      {
        find: "decode-named-character-reference",
        replacement: at("node_modules/decode-named-character-reference/index.js"),
      },
      { find: /^zod$/, replacement: at("src/web/zod-without-eval.ts") },
    ],
  },
  build: {
    outDir: at("dist/web"),
    emptyOutDir: true,
    // Inlined assets would be data: addresses, which the page's content security policy refuses for scripts and fonts.
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/v1": server, "/healthz": server } },
});
