import { randomUUID } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { cors } from "hono/cors";
import type { Logger } from "pino";
import { api, type EndpointName } from "../../protocol/api.ts";
import type { Endpoint } from "../../protocol/endpoints/endpoint.ts";
import { ApiError } from "../../protocol/error.ts";
import { errorResponse, toApiError } from "./errors.ts";
import type { Handlers, RequestContext, User } from "./handler.ts";
import { servePages } from "./pages.ts";
import { readIds, readJson, readQuery } from "./read-input.ts";

export interface AppOptions {
  handlers: Handlers;
  authenticate: (incoming: HttpBindings["incoming"]) => Promise<User>;
  logger: Logger;
  maxJsonBytes: number;
  /** A worker takes no requests: it only says whether it can do its work. */
  healthOnly?: boolean;
  /** Origins that may call from a page; undefined: any. Credentials are never allowed. */
  corsOrigins: string[] | undefined;
  /** Folder of the built web app. */
  webDirectory: string;
  /** Folder of the built API reference. */
  referenceDirectory: string;
}

type App = Hono<{ Bindings: HttpBindings; Variables: { requestId: string } }>;

/** The HTTP face: every row of the contract mounted with its checks, then the pages. */
export function createApp(options: AppOptions): App {
  const app: App = new Hono({ strict: false });
  app.use(async (context, next) => {
    const requestId = randomUUID();
    context.set("requestId", requestId);
    setCommonHeaders(context.env, requestId, options.corsOrigins);
    await next();
  });
  app.on("OPTIONS", "*", cors({ origin: options.corsOrigins ?? "*", maxAge: 600 }));
  app.onError((error, context) => {
    const requestId = context.get("requestId") ?? randomUUID();
    return errorResponse(toApiError(error, requestId, options.logger), requestId);
  });
  const names = options.healthOnly ? (["health"] as const) : (Object.keys(api) as EndpointName[]);
  for (const name of names) mount(app, name, options);
  const paths = new Set(names.map((name) => honoPath(api[name].path)));
  for (const path of paths) {
    app.all(path, () => {
      throw new ApiError("method_not_allowed", "This address does not take that method.");
    });
  }
  if (!options.healthOnly) servePages(app, options.webDirectory, options.referenceDirectory);
  app.notFound(() => {
    throw new ApiError("not_found", "There is nothing at this address.");
  });
  return app;
}

const exposed = "Content-Disposition, ETag, Retry-After, WWW-Authenticate, X-Request-Id";

/**
 * What every answer carries. Set on Node's own response, for two reasons: what a handler writes by hand has
 * them too, and hono's would build a second, slow Response out of each answer (0.8 against 0.5 ms of CPU for a list of tasks).
 */
function setCommonHeaders(
  { incoming, outgoing }: HttpBindings,
  requestId: string,
  corsOrigins: string[] | undefined,
): void {
  outgoing.setHeader("X-Request-Id", requestId);
  // Node does not read on behind such a request, and the next one on its connection would wait for ever.
  if (incoming.headers.upgrade !== undefined) outgoing.setHeader("Connection", "close");
  const { origin } = incoming.headers;
  if (corsOrigins) outgoing.setHeader("Vary", "Origin");
  if (corsOrigins && !(origin && corsOrigins.includes(origin))) return;
  outgoing.setHeader("Access-Control-Allow-Origin", corsOrigins ? (origin ?? "") : "*");
  outgoing.setHeader("Access-Control-Expose-Headers", exposed);
}

function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}

/**
 * Mounts one row. The order of checks is part of the contract: credential, malformed ids, the
 * request's own faults; whether things exist and their state is the handler's.
 */
function mount(app: App, name: EndpointName, options: AppOptions): void {
  const row: Endpoint = api[name];
  // The input has been through this row's own schemas, so it is what this row's handler takes.
  const handler = options.handlers[name] as (input: unknown, context: RequestContext) => Promise<unknown>;
  app.on(row.method, honoPath(row.path), async (context) => {
    const { incoming, outgoing } = context.env;
    const user = row.open ? nobody : await options.authenticate(incoming);
    const params = readIds(context.req.param());
    const query = row.query && readQuery(row.query, incoming.url ?? "");
    const body = row.body && (await readJson(row.body, incoming, options.maxJsonBytes));
    const answer = await handler(
      { params, query, body },
      { user, request: context.req.raw, incoming, outgoing },
    );
    if (answer instanceof Response) return answer;
    if (answer === undefined) return context.body(null, 204);
    return new Response(JSON.stringify(answer), { status: row.status, headers: jsonHeaders });
  });
}

const jsonHeaders = { "Content-Type": "application/json; charset=utf-8" };

const nobody: User = {
  get userId(): string {
    throw new Error("an open endpoint has no user");
  },
  scope: "user",
};
