import type { z } from "zod";
import type { ErrorCode } from "../error.ts";

/** One row of the contract: what an endpoint takes, what it gives, and how it refuses. */
export interface Endpoint {
  method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** `{name}` marks a path parameter: a UUID, unless `params` says otherwise. `{path}` reaches over slashes. */
  path: string;
  tag: string;
  summary: string;
  /** true: needs no credential */
  open?: true;
  /** true: counts towards how many expensive requests a user may make in a minute. */
  expensive?: true;
  params?: z.ZodObject;
  query?: z.ZodObject;
  /** Headers that mean something to it, beyond those of every request. */
  headers?: z.ZodObject;
  body?: z.ZodObject;
  /** What the body is where it is no JSON. */
  upload?: z.ZodObject;
  /** true: the body is a .zip archive. */
  archive?: true;
  status: 200 | 201 | 202 | 204;
  /** The answer's schema, or the kind of bytes it streams. */
  response?: z.ZodType | "events" | "changes" | "file" | "preview" | "docx";
  /** Refusals beyond those every endpoint has (401, 422, 429, 500, 503). */
  errors?: readonly ErrorCode[];
}
