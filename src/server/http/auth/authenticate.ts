import type { IncomingMessage } from "node:http";
import { ApiError } from "../../../protocol/error.ts";
import type { UserAccess } from "../../store/users.ts";
import { countHeader } from "../edge/host.ts";
import { hasOwnOrigin, isForeign } from "../edge/own-origin.ts";
import type { User } from "../handler.ts";
import { readSessionCookie } from "./session-cookie.ts";
import { verifyToken } from "./tokens.ts";

/** A verified token is believed for this long without looking at it or its user again. */
const trustMs = 5_000;
const maxTrusted = 10_000;

export interface AuthenticatorOptions {
  /** The secret that tokens are signed with, then those that they were signed with before. */
  secrets: readonly string[];
  /** What is known of a user; null where there is none. */
  readAccess: (userId: string) => Promise<UserAccess | null>;
  isHttps: (incoming: IncomingMessage) => boolean;
}

/**
 * The check every protected endpoint begins with: a bearer token, or the page's session cookie, of a user that
 * exists and is not suspended. A bearer token, good or bad, is the only one that counts.
 */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #trusted = new Map<string, { user: User; until: number }>();
  /** Counts what was forgotten, for those who were just looking. */
  #forgotten = 0;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** Throws `unauthorized`, or `invalid_origin` for a cookie sent by a foreign page. */
  async authenticate(incoming: IncomingMessage): Promise<User> {
    const token = bearerToken(incoming) ?? this.#cookieToken(incoming);
    if (token === null) throw new ApiError("unauthorized", "Sign in first: send a bearer token.");
    const known = this.#trusted.get(token);
    if (known && known.until > Date.now()) return known.user;
    this.#trusted.delete(token);
    for (;;) {
      const before = this.#forgotten;
      const verified = await this.#verify(token);
      // Suspended while it was looked at: what was read may be older.
      if (before !== this.#forgotten) continue;
      if (!verified) throw new ApiError("unauthorized", "The token is not valid. Sign in again.");
      if (this.#trusted.size >= maxTrusted) this.#trusted.clear();
      this.#trusted.set(token, verified);
      return verified.user;
    }
  }

  /** A user's tokens are looked at anew. */
  forget(userId: string): void {
    this.#forgotten += 1;
    for (const [token, { user }] of this.#trusted) if (user.userId === userId) this.#trusted.delete(token);
  }

  async #verify(token: string): Promise<{ user: User; until: number } | null> {
    const verified = await verifyToken(this.#options.secrets, token);
    if (!verified) return null;
    const { userId, scope, generation } = verified.subject;
    const access = await this.#options.readAccess(userId);
    if (!access || access.suspended || access.tokenGeneration !== generation) return null;
    return { user: { userId, scope }, until: Math.min(verified.expiresAt, Date.now() + trustMs) };
  }

  #cookieToken(incoming: IncomingMessage): string | null {
    const isHttps = this.#options.isHttps(incoming);
    const token = readSessionCookie(incoming, isHttps);
    if (token === null) return null;
    const isRead = incoming.method === "GET" || incoming.method === "HEAD";
    if (isForeign(incoming, isHttps) || (!isRead && !hasOwnOrigin(incoming, isHttps))) {
      throw new ApiError(
        "invalid_origin",
        "With the session cookie, requests must come from this server's own pages.",
      );
    }
    return token;
  }
}

function bearerToken(incoming: IncomingMessage): string | null {
  const header = incoming.headers.authorization;
  if (header === undefined) return null;
  const match = /^Bearer +([\w.~+/-]+=*)$/i.exec(header);
  if (!match?.[1] || countHeader(incoming, "authorization") > 1) {
    throw new ApiError("unauthorized", "Send one header Authorization: Bearer <token>.");
  }
  return match[1];
}
