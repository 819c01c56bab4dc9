import { existsSync } from "node:fs";
import { serveStatic } from "@hono/node-server/serve-static";
import type { Env, Hono } from "hono";
import packageJson from "../../../package.json" with { type: "json" };
import { createOpenApiDocument } from "./openapi.ts";

const forever = "public, max-age=31536000, immutable";
const contentPolicy =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
  "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/** The web app at every address outside /v1, the API document, and its browsable reference at /docs. */
export function servePages<E extends Env>(app: Hono<E>, web: string, reference: string): void {
  let document: string | undefined;
  app.get("/openapi.json", (context) => {
    document ??= JSON.stringify(createOpenApiDocument(packageJson.version));
    return context.body(document, 200, { "Content-Type": "application/json; charset=utf-8" });
  });
  app.get("/static/dev.html", (context) => context.redirect("/", 302));

  const pageHeaders = async (path: string, set: (name: string, value: string) => void) => {
    set("Cache-Control", path.includes("/assets/") ? forever : "no-cache");
    set("Content-Security-Policy", contentPolicy);
    set("X-Content-Type-Options", "nosniff");
    set("Referrer-Policy", "no-referrer");
  };
  const serve = (root: string, rewrite?: (path: string) => string) =>
    serveStatic<E>({
      root,
      ...(rewrite && { rewriteRequestPath: rewrite }),
      onFound: (path, context) => pageHeaders(path, (name, value) => context.header(name, value)),
    });

  if (existsSync(reference)) {
    app.get(
      "/docs",
      serve(reference, () => "/index.html"),
    );
    app.get(
      "/docs/*",
      serve(reference, (path) => path.slice("/docs".length)),
    );
  }
  if (!existsSync(web)) {
    app.get("/", (context) => context.text("The web app is not built. Run `npm run build`.", 503));
    return;
  }
  // Deep links are the app's own addresses: what is no file is its index page.
  const serveApp = [serve(web), serve(web, () => "/index.html")];
  for (const handler of serveApp) {
    app.get("*", (context, next) => (isAppAddress(context.req.path) ? handler(context, next) : next()));
  }
}

function isAppAddress(path: string): boolean {
  return !/^\/(v1|docs)(\/|$)/.test(path);
}
