import { jwtVerify, SignJWT } from "jose";
import { parseUuid } from "../../../protocol/text.ts";
import type { User } from "../handler.ts";

const issuer = "zcbot";

/** Signs a token for a user and says when it ends. `secret` is the server's JWT secret. */
export async function mintToken(
  secret: string,
  user: User,
  ttlSeconds: number,
): Promise<{ token: string; expiresAt: Date }> {
  const expiresAt = new Date((Math.floor(Date.now() / 1000) + ttlSeconds) * 1000);
  const token = await new SignJWT({ scope: user.scope })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(user.userId)
    .setIssuer(issuer)
    .setAudience(issuer)
    .setIssuedAt()
    .setExpirationTime(expiresAt)
    .sign(new TextEncoder().encode(secret));
  return { token, expiresAt };
}

/** Who a token speaks for and when it ends (milliseconds since the epoch); null unless it is valid now. */
export async function verifyToken(
  secret: string,
  token: string,
): Promise<{ user: User; expiresAt: number } | null> {
  try {
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), {
      algorithms: ["HS256"],
      issuer,
      audience: issuer,
      requiredClaims: ["sub", "exp", "scope"],
    });
    const userId = typeof payload.sub === "string" ? parseUuid(payload.sub) : null;
    if (userId === null) return null;
    const user: User = { userId, scope: payload.scope === "cli" ? "cli" : "user" };
    return { user, expiresAt: (payload.exp ?? 0) * 1000 };
  } catch {
    return null;
  }
}
