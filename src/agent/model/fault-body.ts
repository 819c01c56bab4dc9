import type { Fault } from "./failure.ts";

/** What the body of a failed answer says, in whichever of the many forms providers use. */
export function readFaultBody(body: string): Pick<Fault, "message" | "kind" | "retryAfterMs"> {
  const text = body.trim();
  if (text === "") return {};
  if (text.startsWith("<")) return { message: readTitle(text) };
  try {
    return readFault(JSON.parse(text)) ?? {};
  } catch {
    return { message: text };
  }
}

/**
 * The fault in a JSON value, of an answer or in the middle of a stream: `{error: {message, code, type}}`,
 * `{error: "text"}`, `{object: "error", message}`, `{code, message}`, `{detail}`, or a list of one. Null if
 * it is none.
 */
export function readFault(value: unknown): Pick<Fault, "message" | "kind" | "retryAfterMs"> | null {
  if (Array.isArray(value)) return readFault(value[0]);
  if (!isRecord(value)) return null;
  const { error, errors, detail } = value;
  if (typeof error === "string") return { message: error };
  if (isRecord(error)) return readErrorObject(error);
  if (Array.isArray(errors)) return readFault({ error: errors[0] });
  if (detail !== undefined) return { message: typeof detail === "string" ? detail : JSON.stringify(detail) };
  const isError = value.object === "error" || value.code !== undefined || value.type === "error";
  return isError && typeof value.message === "string" ? readErrorObject(value) : null;
}

function readErrorObject(error: Record<string, unknown>): Pick<Fault, "message" | "kind" | "retryAfterMs"> {
  const metadata = isRecord(error.metadata) ? error.metadata : {};
  const message = [error.message, metadata.raw].filter((part) => typeof part === "string" && part !== "");
  const kinds = [error.code, error.type, error.status].filter(
    (part) => (typeof part === "string" && part !== "") || typeof part === "number",
  );
  return {
    message: message.length > 0 ? message.join(": ") : JSON.stringify(error),
    kind: kinds.length > 0 ? String(kinds[0]) : undefined,
    retryAfterMs: readRetryDelay(error.details),
  };
}

/** Google's `RetryInfo`: `{retryDelay: "37s"}`. */
function readRetryDelay(details: unknown): number | undefined {
  if (!Array.isArray(details)) return undefined;
  const delay = details.map((detail) => isRecord(detail) && detail.retryDelay).find(Boolean);
  const seconds = Number.parseFloat(String(delay ?? ""));
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

function readTitle(html: string): string {
  const title = /<title[^<>]*>([^<]*)</i.exec(html)?.[1]?.trim();
  return title ? `a web page titled "${title}"` : "a web page";
}

/** Whether a JSON value is an object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
