import type { Logger } from "pino";
import { ApiError } from "../../protocol/error.ts";
import type { ErrorBody } from "../../protocol/server.ts";
import { isDatabaseAway } from "../store/database-away.ts";

/** The one place where what went wrong becomes an answer. Unknown errors are logged and masked. */
export function toApiError(error: unknown, requestId: string, logger: Logger): ApiError {
  if (error instanceof ApiError) return error;
  if (isDatabaseAway(error)) {
    logger.warn({ error, requestId }, "the database cannot be reached");
    return new ApiError("unavailable", "The database cannot be reached at the moment. Try again shortly.", {
      retryAfter: 1,
      cause: error,
    });
  }
  logger.error({ error, requestId }, "a request failed unexpectedly");
  return new ApiError("internal_error", "Something went wrong on the server. Its log has the details.");
}

/** The answer that an error travels in. */
export function errorResponse(error: ApiError, requestId: string): Response {
  return new Response(errorText(error, requestId), { status: error.status, headers: errorHeaders(error) });
}

/** The body of that answer. */
export function errorText(error: ApiError, requestId: string): string {
  const body: ErrorBody = {
    detail: error.issues ?? error.message,
    code: error.code,
    request_id: requestId,
  };
  return JSON.stringify(body);
}

/** What its headers say of the error. */
export function errorHeaders(error: ApiError): Record<string, string> {
  const headers: Record<string, string> = {
    "Content-Type": "application/json; charset=utf-8",
  };
  if (error.status === 401) headers["WWW-Authenticate"] = "Bearer";
  if (error.retryAfter !== undefined) headers["Retry-After"] = String(error.retryAfter);
  return headers;
}
