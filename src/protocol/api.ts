import type { z } from "zod";
import { agentEndpoints } from "./endpoints/agent.ts";
import { authEndpoints } from "./endpoints/auth.ts";
import { filesEndpoints } from "./endpoints/files.ts";
import { libraryEndpoints } from "./endpoints/library.ts";
import { mcpEndpoints } from "./endpoints/mcp.ts";
import { messagesEndpoints } from "./endpoints/messages.ts";
import { runsEndpoints } from "./endpoints/runs.ts";
import { tasksEndpoints } from "./endpoints/tasks.ts";

/** The /v1 contract. Server routes, the client and the OpenAPI document are all made from these rows. */
export const api = {
  ...authEndpoints,
  ...tasksEndpoints,
  ...messagesEndpoints,
  ...runsEndpoints,
  ...filesEndpoints,
  ...agentEndpoints,
  ...mcpEndpoints,
  ...libraryEndpoints,
} as const;

export type Api = typeof api;
export type EndpointName = keyof Api;

type InputOf<Row, Key extends string> = Row extends { [K in Key]: infer S extends z.ZodType }
  ? z.output<S>
  : undefined;
type Parameters<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { [K in Name]: string } & Parameters<Rest>
  : unknown;

/** What a handler of this endpoint is given, after validation. */
export interface Input<Name extends EndpointName> {
  params: Parameters<Api[Name]["path"]>;
  query: InputOf<Api[Name], "query">;
  body: InputOf<Api[Name], "body">;
}

/** What this endpoint answers; undefined for 204 and for streams. */
export type Output<Name extends EndpointName> = Api[Name] extends { response: infer S extends z.ZodType }
  ? z.output<S>
  : undefined;
