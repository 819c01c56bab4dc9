import { randomUUID } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono } from "hono";
import { cors } from "hono/cors";
import type { Logger } from "pino";
import { api, type Endpoint, type EndpointName } from "../../protocol/api.ts";
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
    context.header("X-Request-Id", requestId);
    await next();
    // What a handler has written itself must not be written again, whatever was added to its stand-in.
    if (context.env.outgoing.headersSent) {
      context.res = undefined;
      context.res = RESPONSE_ALREADY_SENT;
    }
  });
  app.use(
    cors({
      origin: options.corsOrigins ?? "*",
      exposeHeaders: ["Content-Disposition", "ETag", "Retry-After", "WWW-Authenticate", "X-Request-Id"],
      maxAge: 600,
    }),
  );
  app.onError((error, context) => {
    const requestId = context.get("requestId") ?? randomUUID();
    return errorResponse(toApiError(error, requestId, options.logger), requestId);
  });
  for (const name of Object.keys(api) as EndpointName[]) mount(app, name, options);
  const paths = new Set(Object.values(api).map((row) => honoPath(row.path)));
  for (const path of paths) {
    app.all(path, () => {
      throw new ApiError("method_not_allowed", "This address does not take that method.");
    });
  }
  servePages(app, options.webDirectory, options.referenceDirectory);
  app.notFound(() => {
    throw new ApiError("not_found", "There is nothing at this address.");
  });
  return app;
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
    if (row.response === "events") {
      // Such an answer is written past Hono: what every answer carries has to be on it already.
      for (const [header, value] of context.res.headers) outgoing.setHeader(header, value);
      outgoing.setHeader("X-Request-Id", context.get("requestId"));
    }
    const answer = await handler(
      { params, query, body },
      {
        user,
        request: context.req.raw,
        incoming,
        outgoing,
        get headers() {
          return Object.fromEntries(context.res.headers);
        },
      },
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
