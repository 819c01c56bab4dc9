import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { ApiError } from "../../../protocol/error.ts";
import { parseUuid } from "../../../protocol/text.ts";
import type { Database } from "../../store/database.ts";
import { ensureUser, liftSuspension, suspendUser } from "../../store/users.ts";
import type { Gate } from "../auth/gate.ts";
import { sessionCookies } from "../auth/session-cookie.ts";
import type { SignInCodes } from "../auth/sign-in-codes.ts";
import { mintToken } from "../auth/tokens.ts";
import { isForeign } from "../edge/own-origin.ts";
import type { Handlers } from "../handler.ts";
import { json } from "../json.ts";

export interface AuthHandlerOptions {
  database: Database;
  gate: Gate;
  /** Stops all that runs, or waits to, for users that are suspended. */
  stopSuspended: () => Promise<void>;
  platformKey: string;
  jwtSecret: string;
  tokenTtlSeconds: number;
  codes: SignInCodes;
  /** Whether the server serves one local user. */
  local: boolean;
}

type AuthHandlers = Pick<Handlers, "login" | "signIn" | "signOut" | "setSuspension" | "me">;

export function createAuthHandlers(options: AuthHandlerOptions): AuthHandlers {
  const { database, gate, stopSuspended, platformKey, jwtSecret, tokenTtlSeconds, codes, local } = options;
  const { clients } = gate;

  const mint = async (userId: string) => {
    const { suspended, tokenGeneration } = await ensureUser(database, userId);
    if (suspended)
      throw new ApiError("user_suspended", "This user is suspended. Ask whoever runs the server.");
    return await mintToken(
      jwtSecret,
      { userId, scope: "user", generation: tokenGeneration },
      tokenTtlSeconds,
    );
  };
  const cookies = (incoming: IncomingMessage, token: string, maxAge: number) =>
    sessionCookies(incoming, clients.isHttps(incoming), token, maxAge);
  /** No page may sign a person in or out of another one's. */
  const refuseForeign = (incoming: IncomingMessage) => {
    if (!isForeign(incoming, clients.isHttps(incoming))) return;
    throw new ApiError("invalid_origin", "Only this server's own pages may sign a person in or out.");
  };
  /** The user that a program with the platform key speaks of. */
  const readUserId = (incoming: IncomingMessage, body: { platform_key: string; user_id: string }) => {
    gate.trySignIn(incoming, () => {
      if (sameKey(body.platform_key, platformKey)) return;
      throw new ApiError("invalid_platform_key", "The platform key is wrong.");
    });
    const userId = parseUuid(body.user_id);
    if (userId === null) throw new ApiError("invalid_user_id", "user_id has to be a UUID.");
    return userId;
  };

  return {
    async login({ body }, { incoming }) {
      if (body.session) refuseForeign(incoming);
      const userId = readUserId(incoming, body);
      const { token, expiresAt } = await mint(userId);
      const answer = {
        token,
        expires_at: expiresAt.toISOString(),
        user_id: userId,
        ttl_seconds: tokenTtlSeconds,
      };
      const response = json(JSON.stringify(answer));
      if (body.session) setCookies(response, cookies(incoming, token, tokenTtlSeconds));
      return response;
    },

    async signIn({ body }, { incoming }) {
      refuseForeign(incoming);
      const userId = gate.trySignIn(incoming, () => {
        const found = codes.redeem(body.code);
        if (found !== null) return found;
        throw new ApiError(
          "invalid_code",
          "This sign-in link was used already or is too old. Start zcbot again for a new one.",
        );
      });
      const { token } = await mint(userId);
      const response = json(JSON.stringify({ user_id: userId, scope: "user", local }));
      setCookies(response, cookies(incoming, token, tokenTtlSeconds));
      return response;
    },

    async signOut(_input, { incoming }) {
      refuseForeign(incoming);
      return new Response(null, { status: 204, headers: cookies(incoming, "", 0) });
    },

    async setSuspension({ body }, { incoming }) {
      const userId = readUserId(incoming, body);
      if (body.suspended) {
        await suspendUser(database, userId);
        gate.shutOut(userId);
        await stopSuspended();
      } else {
        await liftSuspension(database, userId);
      }
      return { user_id: userId, suspended: body.suspended };
    },

    async me(_input, { user }) {
      return { user_id: user.userId, scope: user.scope, local };
    },
  };
}

function setCookies(response: Response, cookies: Headers): void {
  for (const cookie of cookies.getSetCookie()) response.headers.append("Set-Cookie", cookie);
}

/** Compares digests: equal lengths, constant time. */
function sameKey(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
