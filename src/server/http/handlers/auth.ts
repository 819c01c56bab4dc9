import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { ApiError } from "../../../protocol/error.ts";
import { parseUuid } from "../../../protocol/text.ts";
import type { Database } from "../../store/database.ts";
import { ensureUser } from "../../store/users.ts";
import { sessionCookie } from "../auth/authenticate.ts";
import type { SignInCodes } from "../auth/sign-in-codes.ts";
import { mintToken } from "../auth/tokens.ts";
import type { Handlers, User } from "../handler.ts";
import { json } from "../json.ts";

export interface AuthHandlerOptions {
  database: Database;
  platformKey: string;
  jwtSecret: string;
  tokenTtlSeconds: number;
  codes: SignInCodes;
  /** Whether the server serves one local user. */
  local: boolean;
}

type AuthHandlers = Pick<Handlers, "login" | "signIn" | "signOut" | "me">;

export function createAuthHandlers(options: AuthHandlerOptions): AuthHandlers {
  const { database, platformKey, jwtSecret, tokenTtlSeconds, codes, local } = options;
  const mint = (user: User) => mintToken(jwtSecret, user, tokenTtlSeconds);
  return {
    async login({ body }, { incoming }) {
      if (!sameKey(body.platform_key, platformKey)) {
        throw new ApiError("invalid_platform_key", "The platform key is wrong.");
      }
      const userId = parseUuid(body.user_id);
      if (userId === null) throw new ApiError("invalid_user_id", "user_id has to be a UUID.");
      await ensureUser(database, userId);
      const { token, expiresAt } = await mint({ userId, scope: "user" });
      const answer = {
        token,
        expires_at: expiresAt.toISOString(),
        user_id: userId,
        ttl_seconds: tokenTtlSeconds,
      };
      const response = json(JSON.stringify(answer));
      if (body.session) response.headers.set("Set-Cookie", cookie(incoming, token, tokenTtlSeconds));
      return response;
    },

    async signIn({ body }, { incoming }) {
      const userId = codes.redeem(body.code);
      if (userId === null) {
        throw new ApiError(
          "invalid_code",
          "This sign-in link was used already or is too old. Start zcbot again for a new one.",
        );
      }
      await ensureUser(database, userId);
      const user: User = { userId, scope: "user" };
      const { token } = await mint(user);
      const response = json(JSON.stringify({ user_id: userId, scope: user.scope, local }));
      response.headers.set("Set-Cookie", cookie(incoming, token, tokenTtlSeconds));
      return response;
    },

    async signOut(_input, { incoming }) {
      return new Response(null, { status: 204, headers: { "Set-Cookie": cookie(incoming, "", 0) } });
    },

    async me(_input, { user }) {
      return { user_id: user.userId, scope: user.scope, local };
    },
  };
}

/** Compares digests: equal lengths, constant time. */
function sameKey(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** A page that came over https, perhaps through a proxy, says so in its origin: its cookie never goes in the clear. */
function cookie(incoming: IncomingMessage, token: string, maxAge: number): string {
  const secure = incoming.headers.origin?.startsWith("https://") ? "; Secure" : "";
  return `${sessionCookie}=${token}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure}`;
}
