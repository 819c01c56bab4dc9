import { ModelError, type ModelErrorCode } from "./model.ts";

/** Who was called, as far as a person may be told. */
export interface Callee {
  provider: string;
  model: string;
  /** The variable that holds the key, named where the key was refused. */
  keyVariable: string | undefined;
  /** Texts that must not appear in any message: the key, values of headers. */
  secrets: readonly string[];
}

/** What a provider said went wrong: an HTTP status, an error in the stream, or both. */
export interface Fault {
  status?: number | undefined;
  message?: string | undefined;
  /** The provider's own code or type of the error. */
  kind?: string | undefined;
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** No provider says in more characters what is wrong. */
const longestRead = 10_000;

const contextWords =
  /context[ _-]?(length|window|limit|size)|maximum context|too many (input |prompt )?tokens|(prompt|input)( is| are)? too long|input token count.{0,40}exceeds|range of input length|reduce the length|exceeds? .{0,40}(max|limit).{0,30} tokens|max(imum)? (model|prompt|input) (len|length|tokens)|上下文.{0,8}(超|长度)/i;
const quotaWords =
  /insufficient[_ ](quota|balance|funds)|exceeded your current quota|billing|arrears|欠费|余额不足/i;
const busyKinds = /overload|server_error|unavailable|internal|timeout|bad_gateway|busy|api_error/i;
const rateKinds = /rate_?limit|too_many_requests|throttl|resource_exhausted/i;

/** The ModelError for what a provider said, in a person's words and without secrets. */
export function explainFault(fault: Fault, callee: Callee): ModelError {
  const { provider, model, keyVariable } = callee;
  const said = sayWhat(fault, callee);
  const status = fault.status ?? statusOfKind(fault.kind);
  const make = (code: ModelErrorCode, text: string, retryable: boolean, passable?: boolean) =>
    new ModelError(code, `${text}${said}`, {
      retryable,
      ...(passable !== undefined && { passable }),
      retryAfterMs: retryable ? fault.retryAfterMs : undefined,
      cause: fault.cause,
    });
  const words = `${fault.kind ?? ""} ${fault.message ?? ""}`.slice(0, longestRead);
  if (status === 402 || (quotaWords.test(words) && status !== undefined && status < 500)) {
    const code = status === 429 ? "model_rate_limited" : "model_rejected";
    return make(code, `The account at ${provider} is out of quota or credit.`, false, true);
  }
  if (status === 429) return make("model_rate_limited", `${provider} limits the rate of requests.`, true);
  if (status === 413 || ((status === undefined || status < 500) && contextWords.test(words))) {
    return make("model_context_length", `The conversation is too long for ${model}.`, false);
  }
  if (status === undefined || status >= 500 || status === 408 || status === 409 || status === 425) {
    return make("model_unavailable", `${provider} could not answer${inBrackets(fault.status)}.`, true);
  }
  if (status === 401 || status === 403) {
    const check = keyVariable ? `Check the key in ${keyVariable}.` : "Check its key.";
    return make("model_unauthorized", `${provider} refused access (${status}). ${check}`, false);
  }
  if (status === 404) {
    const check = `Check the name of the model and the base URL.`;
    return make(
      "model_rejected",
      `${provider} does not know ${model} at this address (404). ${check}`,
      false,
    );
  }
  if (status >= 300 && status < 400) {
    return make("model_rejected", `${provider} redirects (${status}). Set the base URL it moved to.`, false);
  }
  return make("model_rejected", `${provider} rejected the request${inBrackets(fault.status)}.`, false);
}

/** What an error without a status would have had as one, by the provider's word for it. */
function statusOfKind(kind: string | undefined): number | undefined {
  if (kind === undefined) return undefined;
  if (/^[45]\d\d$/.test(kind)) return Number(kind);
  if (rateKinds.test(kind) || quotaWords.test(kind)) return 429;
  if (busyKinds.test(kind)) return 503;
  if (/auth|permission|api_?key/i.test(kind)) return 401;
  if (/not_?found/i.test(kind)) return 404;
  if (/invalid|context_length|bad_request|content/i.test(kind)) return 400;
  return undefined;
}

function inBrackets(status: number | undefined): string {
  return status === undefined ? "" : ` (${status})`;
}

function sayWhat({ message }: Fault, callee: Callee): string {
  const text = message === undefined ? "" : cleanMessage(message, callee.secrets);
  return text === "" ? "" : ` It says: ${text}`;
}

const maxMessageLength = 500;

/** A provider's words as one line of bounded length, without secrets or the query of any address. */
export function cleanMessage(message: string, secrets: readonly string[]): string {
  let text = message;
  for (const secret of secrets) if (secret.length >= 4) text = text.replaceAll(secret, "[hidden]");
  text = text
    .replace(/\b(sk|key|gsk|xai)-[\w*.-]{6,}|\bAIza[\w-]{10,}/g, "[hidden]")
    .replace(/https?:\/\/[^\s"']+/g, (address) => address.replace(/\?.*/s, ""))
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim();
  return text.length > maxMessageLength ? `${text.slice(0, maxMessageLength)}…`.toWellFormed() : text;
}

const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|ERR_TLS|ERR_SSL/;
const connectionWords: Record<string, string> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name could not be looked up",
  ECONNRESET: "the connection was reset",
  ETIMEDOUT: "the connection timed out",
  EPIPE: "the connection was closed",
  EHOSTUNREACH: "there is no way to it",
  ENETUNREACH: "there is no network",
};

/** The ModelError for a connection that could not be made or broke. */
export function explainConnection(cause: unknown, host: string, { provider }: Callee): ModelError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (certificateCodes.test(code)) {
    const text = `The certificate of ${host} (${provider}) is not trusted: ${code}.`;
    return new ModelError("model_connection", text, { retryable: false, cause });
  }
  const why = connectionWords[code] ?? (code || "the connection failed");
  return new ModelError("model_connection", `No connection to ${provider} at ${host}: ${why}.`, {
    retryable: true,
    cause,
  });
}

/** The ModelError for a provider that has been silent for too long. */
export function explainStall(stallMs: number, { provider }: Callee): ModelError {
  const text = `${provider} was silent for ${Math.round(stallMs / 100) / 10} s.`;
  return new ModelError("model_stalled", text, { retryable: true });
}

/** The ModelError for an answer that no client could read. */
export function explainMalformed({ provider, secrets }: Callee, what: string): ModelError {
  const shown = cleanMessage(what.slice(0, 200), secrets);
  const text = `The answer of ${provider} cannot be read: ${shown}`;
  return new ModelError("model_malformed", text, { retryable: true });
}

/** Milliseconds that the headers of an answer ask to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date. */
export function readRetryAfter(headers: Record<string, string | string[] | undefined>): number | undefined {
  const milliseconds = Number.parseFloat(String(headers["retry-after-ms"] ?? ""));
  if (Number.isFinite(milliseconds)) return Math.max(0, milliseconds);
  const value = String(headers["retry-after"] ?? "");
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
