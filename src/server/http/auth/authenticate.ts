import type { IncomingMessage } from "node:http";
import { ApiError } from "../../../protocol/error.ts";
import type { User } from "../handler.ts";
import { verifyToken } from "./tokens.ts";

/** Name of the page's session cookie. */
export const sessionCookie = "zcbot_session";

/** A verified token is believed for this long without looking at it or its user again. */
const trustMs = 5_000;
const maxTrusted = 10_000;

/**
 * Makes the check every protected endpoint begins with: a bearer token, or the page's session
 * cookie, of a user that exists. Throws `unauthorized`, or `invalid_origin` for a cookie sent by a foreign page.
 */
export function createAuthenticator(
  secret: string,
  userExists: (userId: string) => Promise<boolean>,
): (incoming: IncomingMessage) => Promise<User> {
  const trusted = new Map<string, { user: User; until: number }>();

  return async (incoming) => {
    const token = bearerToken(incoming) ?? cookieToken(incoming);
    if (token === null) throw new ApiError("unauthorized", "Sign in first: send a bearer token.");
    const known = trusted.get(token);
    if (known && known.until > Date.now()) return known.user;
    trusted.delete(token);
    const verified = await verifyToken(secret, token);
    if (!verified || !(await userExists(verified.user.userId))) {
      throw new ApiError("unauthorized", "The token is not valid. Sign in again.");
    }
    if (trusted.size >= maxTrusted) trusted.clear();
    trusted.set(token, {
      user: verified.user,
      until: Math.min(verified.expiresAt, Date.now() + trustMs),
    });
    return verified.user;
  };
}

function bearerToken(incoming: IncomingMessage): string | null {
  const header = incoming.headers.authorization;
  if (header === undefined) return null;
  const match = /^Bearer +([\w.~+/-]+=*)$/i.exec(header);
  if (!match?.[1]) throw new ApiError("unauthorized", "Send the header Authorization: Bearer <token>.");
  return match[1];
}

function cookieToken(incoming: IncomingMessage): string | null {
  const prefix = `${sessionCookie}=`;
  const pairs = incoming.headers.cookie?.split("; ") ?? [];
  const token = pairs.find((pair) => pair.startsWith(prefix))?.slice(prefix.length);
  if (!token) return null;
  if (incoming.method !== "GET" && incoming.method !== "HEAD") requireOwnOrigin(incoming);
  return token;
}

function requireOwnOrigin(incoming: IncomingMessage): void {
  const origin = incoming.headers.origin;
  if (origin && URL.canParse(origin) && new URL(origin).host === incoming.headers.host) return;
  throw new ApiError(
    "invalid_origin",
    "With the session cookie, requests must come from this server's own pages.",
  );
}
