import { type JWTPayload, jwtVerify, SignJWT } from "jose";
import { parseUuid } from "../../../protocol/text.ts";
import type { User } from "../handler.ts";

const issuer = "zcbot";
const header = { alg: "HS256", typ: "JWT" };
/** The only header that a token of ours has: whatever asks for another algorithm or key is none, unread. */
const encodedHeader = Buffer.from(JSON.stringify(header)).toString("base64url");
/** Ours are a third of this. */
const maxLength = 1024;
/** A server whose clock is behind by less takes a token of another one at once. */
const backdatedSeconds = 5;
/** No setting gives a token a longer life. */
const maxLifeSeconds = 367 * 86_400;

/** Whom a token speaks for. */
export interface TokenSubject extends User {
  /** Of the user's tokens: a suspension ends all that there are, and the next ones are of a new generation. */
  generation: number;
}

/** Signs a token for a user and says when it ends. `secret` is the server's JWT secret. */
export async function mintToken(
  secret: string,
  subject: TokenSubject,
  ttlSeconds: number,
): Promise<{ token: string; expiresAt: Date }> {
  const now = Math.floor(Date.now() / 1000);
  const expiresAt = new Date((now + ttlSeconds) * 1000);
  const token = await new SignJWT({ scope: subject.scope, gen: subject.generation })
    .setProtectedHeader(header)
    .setSubject(subject.userId)
    .setIssuer(issuer)
    .setAudience(issuer)
    .setIssuedAt(now - backdatedSeconds)
    .setExpirationTime(expiresAt)
    .sign(new TextEncoder().encode(secret));
  return { token, expiresAt };
}

/**
 * Whom a token speaks for and when it ends (milliseconds since the epoch); null unless it is valid now. `secrets`:
 * the one that tokens are signed with, then those before it.
 */
export async function verifyToken(
  secrets: readonly string[],
  token: string,
): Promise<{ subject: TokenSubject; expiresAt: number } | null> {
  if (token.length > maxLength || !token.startsWith(`${encodedHeader}.`) || !isCanonical(token)) return null;
  for (const secret of secrets) {
    const payload = await readSigned(secret, token);
    if (payload) return readPayload(payload);
  }
  return null;
}

/** The bits that base64 leaves over are zero: a token has one spelling. */
function isCanonical(token: string): boolean {
  return token.split(".").every((part) => Buffer.from(part, "base64url").toString("base64url") === part);
}

async function readSigned(secret: string, token: string): Promise<JWTPayload | null> {
  try {
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), {
      algorithms: [header.alg],
      typ: header.typ,
      issuer,
      audience: issuer,
      clockTolerance: 0,
      requiredClaims: ["sub", "exp", "iat", "scope"],
    });
    return payload;
  } catch {
    return null;
  }
}

function readPayload({ aud, sub, iat = 0, exp = 0, scope, gen = 0 }: JWTPayload) {
  const userId = typeof sub === "string" ? parseUuid(sub) : null;
  // A list of audiences that we are among would be somebody else's token.
  if (userId === null || aud !== issuer) return null;
  if (scope !== "user" && scope !== "cli") return null;
  if (typeof gen !== "number" || !Number.isInteger(gen)) return null;
  if (iat > Date.now() / 1000 || exp - iat > maxLifeSeconds) return null;
  return { subject: { userId, scope, generation: gen } as const, expiresAt: exp * 1000 };
}
