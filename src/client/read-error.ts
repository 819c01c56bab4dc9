import { ApiError, type ErrorCode, errorStatus } from "../protocol/error.ts";
import { ErrorBody } from "../protocol/server.ts";
import { ConnectionError } from "./connection-error.ts";

/** The error that a refusing answer carries; a ConnectionError where the answer is none of a zcbot server. */
export async function readError(response: Response): Promise<ApiError | ConnectionError> {
  const body = ErrorBody.safeParse(await response.json().catch(() => undefined));
  if (!body.success) {
    return new ConnectionError(
      `Something other than a zcbot server answered, with status ${response.status}.`,
    );
  }
  const { code, detail, request_id: requestId } = body.data;
  const retryAfter = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return new ApiError(
    knownCode(code, response.status),
    typeof detail === "string" ? detail : sentence(detail),
    {
      ...(typeof detail !== "string" && { issues: detail }),
      ...(Number.isFinite(retryAfter) && { retryAfter }),
      requestId,
    },
  );
}

/** A newer server may have codes that this client does not know: then any known one of the same status. */
function knownCode(code: string, status: number): ErrorCode {
  if (Object.hasOwn(errorStatus, code)) return code as ErrorCode;
  const alike = Object.entries(errorStatus).find(([, known]) => known === status);
  return (alike?.[0] ?? (status < 500 ? "invalid_request" : "internal_error")) as ErrorCode;
}

function sentence(issues: { loc: (string | number)[]; msg: string }[]): string {
  return issues.map(({ loc, msg }) => `${loc.slice(1).join(".") || loc.join(".")}: ${msg}`).join("; ");
}
