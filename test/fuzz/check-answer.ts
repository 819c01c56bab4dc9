import { errorStatus } from "../../src/protocol/error.ts";
import { eventData } from "../../src/protocol/event.ts";
import { taskChangeData } from "../../src/protocol/task.ts";
import type { RawReply } from "../support/api/raw-request.ts";
import type { BuiltRequest } from "./build-request.ts";
import type { Operation } from "./document.ts";

/** Headers that answers have. Another one has been smuggled in, or belongs here. */
const knownHeaders = new Set([
  "accept-ranges",
  "access-control-allow-headers",
  "access-control-allow-methods",
  "access-control-allow-origin",
  "access-control-expose-headers",
  "access-control-max-age",
  "allow",
  "cache-control",
  "connection",
  "content-disposition",
  "content-length",
  "content-range",
  "content-security-policy",
  "content-type",
  "cross-origin-embedder-policy",
  "cross-origin-opener-policy",
  "cross-origin-resource-policy",
  "date",
  "etag",
  "keep-alive",
  "last-modified",
  "location",
  "origin-agent-cluster",
  "permissions-policy",
  "referrer-policy",
  "retry-after",
  "set-cookie",
  "strict-transport-security",
  "transfer-encoding",
  "vary",
  "www-authenticate",
  "x-accel-buffering",
  "x-content-type-options",
  "x-dns-prefetch-control",
  "x-frame-options",
  "x-request-id",
]);

/** Refusals that come before anybody looks whether a thing exists. */
const beforeExistence = new Set([400, 404, 413, 421, 422, 429]);

/** What is wrong with an answer: by the document, by the rules of every answer, and by what the sequence knows. */
export function findFaults(
  operation: Operation,
  built: BuiltRequest,
  reply: RawReply,
  odd: boolean,
): string[] {
  const { status } = reply;
  const faults = findFormFaults(reply, built.sent.method);
  // Headers that are too large are refused before anybody looks where the request goes.
  if (odd || status === 431) return faults;
  const documented = operation.answers.get(status);
  if (!documented) return [...faults, `the status ${status} is not documented`];
  faults.push(...findContentFaults(operation, reply));
  if (!built.allowed && status !== 401 && status !== 403)
    faults.push(`a bad credential is answered ${status}`);
  if (built.allowed && !built.exists && !beforeExistence.has(status))
    faults.push(`what is not there, or not the caller's, is answered ${status}`);
  return faults;
}

/** What holds for every answer, to whatever it was. */
function findFormFaults({ status, headers, body }: RawReply, method: string): string[] {
  const faults = Object.keys(headers)
    .filter((name) => !knownHeaders.has(name))
    .map((name) => `the header ${name} is not one of ours`);
  if (status >= 500) faults.push(`the status ${status}`);
  const requestId = headers["x-request-id"];
  if (typeof requestId !== "string") return [...faults, `no X-Request-Id under status ${status}`];
  if (status < 400 || method === "HEAD") return faults;
  if (!String(headers["content-type"]).startsWith("application/json"))
    return [...faults, "an error that is no JSON"];
  const error = parse(body) as { code?: unknown; request_id?: unknown } | undefined;
  const known = Object.entries(errorStatus).find(([code]) => code === error?.code);
  if (known?.[1] !== status) faults.push(`the code ${JSON.stringify(error?.code)} under status ${status}`);
  if (error?.request_id !== requestId) faults.push("the request_id is not the header's");
  if (status === 401 && headers["www-authenticate"] !== "Bearer") faults.push("401 without WWW-Authenticate");
  if (status === 429 && !/^\d+$/.test(String(headers["retry-after"]))) faults.push("429 without Retry-After");
  return faults;
}

function findContentFaults(operation: Operation, { status, headers, body }: RawReply): string[] {
  const documented = operation.answers.get(status);
  if (!documented) return [];
  const type = headers["content-type"]?.split(";", 1)[0];
  if (documented.types.size === 0) {
    return body.length > 0 ? [`a body under status ${status}, which has none`] : [];
  }
  const validate = documented.types.get(type ?? "") ?? documented.types.get("*/*");
  if (!validate) return [`the type ${type} is not documented under status ${status}`];
  if (type === "text/event-stream") return findStreamFaults(operation.id, body.toString());
  if (type !== "application/json") return [];
  const value = parse(body);
  if (value === undefined) return ["a body that is no JSON"];
  const faults = validate(value) ? [] : [`not as the document says: ${JSON.stringify(validate.errors?.[0])}`];
  const code = (value as { code?: unknown }).code;
  if (status >= 400 && typeof code === "string" && !documented.description.includes(`\`${code}\``))
    faults.push(`the code ${code} is not documented under status ${status}`);
  return faults;
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

/** One frame of an event stream. */
export interface StreamFrame {
  id: string;
  event: string;
  data: Record<string, unknown>;
}

const frameForm = /^id: ([\d-]+)\nevent: ([a-z_]+)\ndata: (\{[^\r\n]*\})$/;

/** The whole frames of a piece of a stream; what is no frame and no comment is given as a text. */
export function readFrames(text: string): (StreamFrame | string)[] {
  const pieces = text.split("\n\n").slice(0, -1);
  return pieces
    .filter((piece) => !piece.split("\n").every((line) => line.startsWith(":") || line.startsWith("retry: ")))
    .map((piece) => {
      const [, id, event, data] = frameForm.exec(piece) ?? [];
      if (id === undefined || event === undefined || data === undefined) return piece;
      return { id, event, data: JSON.parse(data) as Record<string, unknown> };
    });
}

function findStreamFaults(operation: string, text: string): string[] {
  const schemas = operation === "taskChanges" ? taskChangeData : eventData;
  const faults: string[] = [];
  let last = "";
  for (const frame of readFrames(text)) {
    if (typeof frame === "string") {
      faults.push(`no frame: ${JSON.stringify(frame.slice(0, 200))}`);
      continue;
    }
    const { id, event, data } = frame;
    const schema = Object.entries(schemas).find(([type]) => type === event)?.[1];
    const checked = schema?.safeParse(data);
    if (!checked?.success) faults.push(`the event ${event} is not as described: ${checked?.error.message}`);
    if (operation === "taskEvents" && typeof data.run_id !== "string")
      faults.push(`the event ${event} has no run`);
    if (operation === "runEvents" && last !== "" && Number(id) !== Number(last) + 1)
      faults.push(`the event ${id} comes after ${last}`);
    last = id;
  }
  return faults;
}
