import type { IncomingMessage } from "node:http";
import type { z } from "zod";
import { ApiError, type ErrorCode, type ErrorIssue, errorStatus } from "../../protocol/error.ts";
import { isCleanText, parseUuid } from "../../protocol/text.ts";
import { pendingNotFound } from "../store/runs/pending.ts";
import { runNotFound } from "../store/runs/runs.ts";
import { taskNotFound } from "../store/tasks.ts";
import { requestTimeout } from "./edge/body-pace.ts";

const notFound: Record<string, () => ApiError> = { run_id: runNotFound, pending_id: pendingNotFound };

/**
 * The path's parameters: ids in canonical form, where a malformed one is a thing that does not exist, and what `schema`
 * names through it.
 */
export function readParameters(
  schema: z.ZodObject | undefined,
  raw: Record<string, string>,
): Record<string, string> {
  const parameters: Record<string, string> = {};
  const named: Record<string, string> = {};
  for (const [name, text] of Object.entries(raw)) {
    if (schema && name in schema.shape) {
      refuseUnclean(text);
      named[name] = text;
      continue;
    }
    const id = parseUuid(text);
    if (id === null) throw (notFound[name] ?? taskNotFound)();
    parameters[name] = id;
  }
  return schema
    ? { ...parameters, ...(validate(schema, named, "path") as Record<string, string>) }
    : parameters;
}

/** The query string through its schema; of a repeated name the last counts. */
export function readQuery<Schema extends z.ZodType>(schema: Schema, url: string): z.output<Schema> {
  const start = url.indexOf("?");
  if (start < 0) return validate(schema, {}, "query");
  const raw = url.slice(start + 1);
  try {
    // A "%" that begins no escape is only a percent sign.
    decodeURIComponent(raw.replaceAll(/%(?![0-9a-f]{2})/gi, "%25"));
  } catch {
    throw new ApiError("invalid_text", "The query string is no valid UTF-8.");
  }
  const values = Object.fromEntries(new URLSearchParams(raw));
  for (const text of Object.values(values)) refuseUnclean(text);
  return validate(schema, values, "query");
}

/** A JSON body through its schema: declared as JSON, valid UTF-8, no larger and no longer on its way than it may be. */
export async function readJson<Schema extends z.ZodType>(
  schema: Schema,
  incoming: IncomingMessage,
  limits: { maxJsonBytes: number; bodyMs: number },
): Promise<z.output<Schema>> {
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(incoming.headers["content-type"] ?? "")) {
    throw wrongShape(["body"], "Send JSON with the header Content-Type: application/json.", "content_type");
  }
  const text = decode(await readInTime(incoming, limits));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrongShape(["body"], "The body is no valid JSON.", "json_invalid");
  }
  // Only an escape can bring a NUL or a lone surrogate into valid UTF-8.
  if (text.includes("\\u")) refuseUncleanWithin(value);
  return validate(schema, value, "body");
}

async function readInTime(
  incoming: IncomingMessage,
  { maxJsonBytes, bodyMs }: { maxJsonBytes: number; bodyMs: number },
): Promise<Buffer> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(requestTimeout()), bodyMs);
  const reading = readBytes(incoming, maxJsonBytes);
  // Where it is given up, it ends with the connection.
  reading.catch(() => {});
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function readBytes(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () => new ApiError("too_large", `The body is larger than ${maxBytes} bytes.`);
  if (Number(incoming.headers["content-length"] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).length;
      if (size > maxBytes) throw tooLarge();
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    // Whoever sent it is gone: nothing here has failed.
    throw wrongShape(["body"], "The body was cut off.", "json_invalid");
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ApiError("invalid_text", "The body is no valid UTF-8.");
  }
}

function refuseUnclean(text: string): void {
  if (!isCleanText(text)) {
    throw new ApiError("invalid_text", "Text must not hold NUL characters or lone surrogates.");
  }
}

/** Walks without recursion: the depth of a body is its sender's choice. */
function refuseUncleanWithin(root: unknown): void {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === "string") refuseUnclean(value);
    else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        refuseUnclean(key);
        open.push(inner);
      }
    }
  }
}

/**
 * Shape first: any fault in it is 422 with the list of faults. A value of the right shape that
 * breaks a `rule` is refused with that rule's own code.
 */
function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: "body" | "query" | "path",
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults: ErrorIssue[] = [];
  let broken: ApiError | undefined;
  for (const issue of result.error.issues) {
    const code: unknown = issue.code === "custom" ? issue.params?.code : undefined;
    if (typeof code === "string" && code in errorStatus) {
      broken ??= new ApiError(code as ErrorCode, issue.message);
    } else {
      const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
      faults.push({ loc: [where, ...path], msg: issue.message, type: issue.code });
    }
  }
  if (faults.length === 0 && broken) throw broken;
  throw new ApiError("invalid_request", "The request has the wrong shape.", { issues: faults });
}

/** A 422 with one fault. */
export function wrongShape(loc: (string | number)[], message: string, type: string): ApiError {
  return new ApiError("invalid_request", message, { issues: [{ loc, msg: message, type }] });
}
