import { existsSync } from "node:fs";
import { serveStatic } from "@hono/node-server/serve-static";
import type { Env, Hono } from "hono";
import packageJson from "../../../package.json" with { type: "json" };
import { createOpenApiDocument } from "./openapi.ts";

const forever = "public, max-age=31536000, immutable";
/**
 * What the app's page may load and do: nothing but its own files, the API, and previews in frames. No style in
 * the markup, no HTML from strings (Trusted Types, and no policy that makes an exception), no form that is sent.
 */
const appPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "media-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** The reference's page: Swagger UI writes styles into its markup, and draws its arrows by data addresses. */
const referencePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The web app at every address outside /v1, the API document, and its browsable reference at /docs. */
export function servePages<E extends Env>(app: Hono<E>, web: string, reference: string): void {
  let document: string | undefined;
  app.get("/openapi.json", (context) => {
    document ??= JSON.stringify(createOpenApiDocument(packageJson.version));
    return context.body(document, 200, { "Content-Type": "application/json; charset=utf-8" });
  });
  app.get("/static/dev.html", (context) => context.redirect("/", 302));

  const pageHeaders = (path: string, policy: string, set: (name: string, value: string) => void) => {
    set("Cache-Control", path.includes("/assets/") ? forever : "no-cache");
    set("Content-Security-Policy", policy);
    set("X-Content-Type-Options", "nosniff");
    set("Referrer-Policy", "no-referrer");
  };
  const serve = (root: string, policy: string, rewrite?: (path: string) => string) =>
    serveStatic<E>({
      root,
      ...(rewrite && { rewriteRequestPath: rewrite }),
      onFound: (path, context) => pageHeaders(path, policy, (name, value) => context.header(name, value)),
    });

  if (existsSync(reference)) {
    app.get(
      "/docs",
      serve(reference, referencePolicy, () => "/index.html"),
    );
    app.get(
      "/docs/*",
      serve(reference, referencePolicy, (path) => path.slice("/docs".length)),
    );
  }
  if (!existsSync(web)) {
    app.get("/", (context) => context.text("The web app is not built. Run `npm run build`.", 503));
    return;
  }
  // Deep links are the app's own addresses: what is no file is its index page.
  const serveApp = [serve(web, appPolicy), serve(web, appPolicy, () => "/index.html")];
  for (const handler of serveApp) {
    app.get("*", (context, next) => (isAppAddress(context.req.path) ? handler(context, next) : next()));
  }
}

function isAppAddress(path: string): boolean {
  return !/^\/(v1|docs)(\/|$)/.test(path);
}
