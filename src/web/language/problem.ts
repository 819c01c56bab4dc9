import { ApiError } from "../../protocol/error.ts";
import { english } from "./english.ts";
import type { Language } from "./language.ts";
import type { Key } from "./translate.ts";

/** What went wrong, in a plain sentence of the person's language; the server's own where there is no better. */
export function explainProblem(error: unknown, { t }: Language): string {
  if (error instanceof ApiError) {
    const { code, message, retryAfter } = error;
    if (code === "rate_limited" && retryAfter) return t("problem.rate_limited_until", { count: retryAfter });
    return explainCode(code, message, t);
  }
  // `fetch` rejects with a TypeError when there is no answer at all.
  if (error instanceof TypeError) return t("problem.offline");
  return error instanceof Error && error.message ? error.message : t("problem.unknown");
}

/** The same for an error's code, as runs carry them. */
export function explainCode(code: string, message: string, t: Language["t"]): string {
  const key = `problem.${code}`;
  return isKey(key) ? t(key) : message || t("problem.unknown");
}

function isKey(key: string): key is Key {
  return Object.hasOwn(english, key);
}
