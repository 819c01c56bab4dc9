import type { z } from "zod";
import { type Api, api, type EndpointName, type Input, type Output } from "../protocol/api.ts";
import type { Endpoint } from "../protocol/endpoints/endpoint.ts";
import { ConnectionError } from "./connection-error.ts";
import { readError } from "./read-error.ts";

export interface ClientOptions {
  /** Where the server is, e.g. `http://127.0.0.1:8787`; empty in a page for the server that it came from. */
  baseUrl: string;
  /** A bearer token. Without one a page's requests carry its session cookie. */
  token?: string | undefined;
  fetch?: typeof fetch | undefined;
}

export interface RequestOptions {
  signal?: AbortSignal | undefined;
  headers?: Record<string, string> | undefined;
}

/**
 * One method per row of the contract. Each takes what its row has, in this order: path parameters, query or body
 * (an upload takes FormData), and always `RequestOptions` last. It gives the parsed answer, or the `Response` where
 * that is a stream or a file. Rejects with `ApiError` where the server refuses, with `ConnectionError` where
 * there is no answer, and with the signal's reason once aborted.
 */
export type Client = { [Name in EndpointName]: (...given: Given<Name>) => Promise<Answer<Name>> };

type Given<Name extends EndpointName> = [
  ...Needed<Input<Name>["params"]>,
  ...SchemaGiven<Api[Name], "query">,
  ...SchemaGiven<Api[Name], "body">,
  ...(Api[Name] extends { upload: z.ZodType } ? [form: FormData] : []),
  ...(Api[Name] extends { archive: true } ? [archive: Blob] : []),
  options?: RequestOptions,
];

type Needed<Parameters> = unknown extends Parameters ? [] : [params: Parameters];

type SchemaGiven<Row, Key extends string> = Row extends { [K in Key]: infer Schema extends z.ZodType }
  ? Record<never, never> extends z.input<Schema>
    ? [given?: Before<z.input<Schema>, z.output<Schema>>]
    : [given: Before<z.input<Schema>, z.output<Schema>>]
  : [];

/** What may be left out is as the schema takes it, the values as it gives them: `page` is a number. */
type Before<Taken, Parsed> = {
  [Key in keyof Taken]: Key extends keyof Parsed ? Parsed[Key] : never;
};

type Answer<Name extends EndpointName> = Api[Name] extends { response: string } ? Response : Output<Name>;

/** A client of the /v1 API, for pages and for Node. It keeps no state and holds no connection. */
export function createClient(options: ClientOptions): Client {
  const methods = Object.entries<Endpoint>(api).map(([name, endpoint]) => [
    name,
    (...given: unknown[]) => call(endpoint, given, options),
  ]);
  return Object.fromEntries(methods);
}

async function call(endpoint: Endpoint, given: unknown[], options: ClientOptions): Promise<unknown> {
  const rest = [...given];
  const params = endpoint.path.includes("{") ? (rest.shift() as Record<string, string>) : {};
  const query = endpoint.query ? (rest.shift() as Record<string, unknown> | undefined) : undefined;
  const body = endpoint.body || endpoint.upload || endpoint.archive ? rest.shift() : undefined;
  const { signal, headers } = (rest.shift() ?? {}) as RequestOptions;

  const sent = new Headers(headers);
  if (options.token !== undefined) sent.set("Authorization", `Bearer ${options.token}`);
  if (endpoint.body) sent.set("Content-Type", "application/json");
  const response = await send(options, addressOf(options.baseUrl, endpoint.path, params, query), {
    method: endpoint.method,
    headers: sent,
    credentials: "same-origin",
    ...(signal && { signal }),
    ...(body !== undefined && { body: endpoint.body ? JSON.stringify(body) : (body as FormData | Blob) }),
  });
  if (!response.ok) throw await readError(response);
  if (typeof endpoint.response === "string") return response;
  if (endpoint.response === undefined) return undefined;
  return await readJson(response, signal);
}

function addressOf(
  baseUrl: string,
  path: string,
  params: Record<string, string>,
  query: Record<string, unknown> = {},
): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) search.set(key, String(value));
  }
  return `${baseUrl.replace(/(?<!\/)\/+$/, "")}${filled}${search.size > 0 ? `?${search}` : ""}`;
}

async function send(options: ClientOptions, address: string, request: RequestInit): Promise<Response> {
  const send = options.fetch ?? fetch;
  try {
    return await send(address, request);
  } catch (error) {
    request.signal?.throwIfAborted();
    throw new ConnectionError(`The server${nameOf(options.baseUrl)} could not be reached.`, error);
  }
}

function nameOf(baseUrl: string): string {
  return baseUrl === "" ? "" : ` at ${baseUrl}`;
}

async function readJson(response: Response, signal: AbortSignal | undefined): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    signal?.throwIfAborted();
    throw new ConnectionError("The server's answer broke off, or is not from a zcbot server.", error);
  }
}
