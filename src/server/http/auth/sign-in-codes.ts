import { createHash, randomBytes } from "node:crypto";

const lifetimeMs = 10 * 60_000;

/** One-time codes of the sign-in links that `serve` prints; each works once, for ten minutes. */
export interface SignInCodes {
  issue(userId: string): string;
  /** The user the code was made for; null if it is unknown, used or too old. */
  redeem(code: string): string | null;
}

export function createSignInCodes(): SignInCodes {
  // Keyed by digest, so that finding one leaks nothing of its text by timing.
  const issued = new Map<string, { userId: string; until: number }>();
  const digest = (code: string) => createHash("sha256").update(code).digest("base64url");
  return {
    issue(userId) {
      const code = randomBytes(24).toString("base64url");
      issued.set(digest(code), { userId, until: Date.now() + lifetimeMs });
      return code;
    },
    redeem(code) {
      const key = digest(code);
      const found = issued.get(key);
      issued.delete(key);
      return found && found.until > Date.now() ? found.userId : null;
    },
  };
}
