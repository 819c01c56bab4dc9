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
    // The markdown renderer can parse raw HTML. We never do, so its parser (a third of the renderer) stays out.
    alias: { "rehype-raw": at("src/web/markdown/no-raw-html.ts") },
  },
  build: {
    outDir: at("dist/web"),
    emptyOutDir: true,
    // Inlined assets would be data: addresses, which the page's content security policy refuses for scripts and fonts.
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/v1": server, "/healthz": server } },
});
