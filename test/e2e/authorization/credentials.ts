import { forgeToken, readClaims } from "../../support/api/forge-token.ts";
import { jwtSecret } from "../../support/server.ts";

type Headers = Record<string, string>;

/** What a caller brings along instead of a good token, made from the good one; each is to be answered 401. */
export const badCredentials: Record<string, (token: string, origin: string) => Headers> = {
  none: () => ({}),
  "an empty header": () => ({ Authorization: "" }),
  "no token": () => ({ Authorization: "Bearer " }),
  "no scheme": (token) => ({ Authorization: token }),
  "the scheme Basic": (token) => ({ Authorization: `Basic ${token}` }),
  "the scheme Token": (token) => ({ Authorization: `Token ${token}` }),
  "a longer scheme": (token) => ({ Authorization: `BearerX ${token}` }),
  "two tokens": (token) => ({ Authorization: `Bearer ${token}, Bearer ${token}` }),
  "half a token": (token) => ({ Authorization: `Bearer ${token.slice(0, token.length / 2)}` }),
  "a token with a changed signature": (token) => ({ Authorization: `Bearer ${changeSignature(token)}` }),
  "another header": (token) => ({ "X-Api-Key": token, "X-Authorization": `Bearer ${token}` }),
  "another cookie": (token) => ({ Cookie: `session=${token}; xzcbot_session=${token}; token=${token}` }),
  "a bad header beside a good cookie": (token) => ({
    Authorization: "Bearer x",
    Cookie: `zcbot_session=${token}`,
  }),
  "an expired token": (token) => bearer(expire(token)),
  "an expired cookie": (token, origin) => cookie(expire(token), origin),
  "a token of another key": (token) => bearer(forgeToken(readClaims(token), jwtSecret.toUpperCase())),
  "an unsigned token": (token) => {
    const head = Buffer.from(JSON.stringify({ alg: "none", typ: "JWT" })).toString("base64url");
    return bearer(`${head}.${token.split(".")[1]}.`);
  },
};

export function bearer(token: string): Headers {
  return { Authorization: `Bearer ${token}` };
}

/** The cookie of a page; `origin` is the page's. */
export function cookie(token: string, origin?: string): Headers {
  return { Cookie: `zcbot_session=${token}`, ...(origin !== undefined && { Origin: origin }) };
}

/** Another good token of the same user, which the server has not seen yet. */
export function renew(token: string): string {
  return forgeToken({ ...readClaims(token), jti: crypto.randomUUID() }, jwtSecret);
}

function expire(token: string): string {
  const now = Math.floor(Date.now() / 1000);
  return forgeToken({ ...readClaims(token), iat: now - 100, exp: now - 1 }, jwtSecret);
}

function changeSignature(token: string): string {
  const at = token.lastIndexOf(".") + 1;
  return token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
}
