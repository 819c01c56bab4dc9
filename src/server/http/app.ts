import { randomUUID } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import type { Logger } from "pino";
import { api, type EndpointName } from "../../protocol/api.ts";
import type { Endpoint } from "../../protocol/endpoints/endpoint.ts";
import { ApiError } from "../../protocol/error.ts";
import { keepPace } from "./edge/body-pace.ts";
import { errorResponse, toApiError } from "./errors.ts";
import type { Handlers, RequestContext, User } from "./handler.ts";
import { servePages } from "./pages.ts";
import { readJson, readParameters, readQuery } from "./read-input.ts";

export interface AppOptions {
  handlers: Handlers;
  authenticate: (incoming: HttpBindings["incoming"]) => Promise<User>;
  /** Told of each request of a signed-in user, before anything is done for it; throws to refuse it. */
  admit: (user: User, row: Endpoint, outgoing: HttpBindings["outgoing"]) => void;
  logger: Logger;
  maxJsonBytes: number;
  /** Time in which a JSON body must have arrived, and a span in which an upload must not fall asleep, milliseconds. */
  bodyMs: number;
  /** A worker takes no requests: it only says whether it can do its work. */
  healthOnly?: boolean;
  /** Folder of the built web app. */
  webDirectory: string;
  /** Folder of the built API reference. */
  referenceDirectory: string;
}

export type App = Hono<{ Bindings: HttpBindings }>;

/** The HTTP face: every row of the contract mounted with its checks, then the pages. */
export function createApp(options: AppOptions): App {
  const app: App = new Hono({ strict: false });
  app.onError((error, { env: { outgoing } }) => {
    // It was given when the request came in (`edge/http-server`).
    const requestId = String(outgoing.getHeader("X-Request-Id") ?? randomUUID());
    const refusal = toApiError(error, requestId, options.logger);
    // What is left of the request is not waited for.
    if (refusal.code === "request_timeout") outgoing.setHeader("Connection", "close");
    return errorResponse(refusal, requestId);
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

function honoPath(path: string): string {
  return path.replace("{path}", ":path{.+}").replaceAll(/\{(\w+)\}/g, ":$1");
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
    if (!row.open) options.admit(user, row, outgoing);
    const params = readParameters(row.params, context.req.param());
    const query = row.query && readQuery(row.query, incoming.url ?? "");
    const body = row.body && (await readJson(row.body, incoming, options));
    const handle = () =>
      handler({ params, query, body }, { user, request: context.req.raw, incoming, outgoing });
    const answer = await (row.upload || row.archive ? keepPace(incoming, options.bodyMs, handle) : handle());
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
