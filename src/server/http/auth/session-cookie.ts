import type { IncomingMessage } from "node:http";

const name = "zcbot_session";
/** By https: no neighbouring subdomain can set a cookie of this name, so none can sign a person in as another one. */
const secureName = `__Host-${name}`;

/**
 * The token of a request's session cookie; null without one. Of several nobody knows whose they are, and
 * none counts.
 */
export function readSessionCookie(incoming: IncomingMessage, isHttps: boolean): string | null {
  const pairs = incoming.headers.cookie?.split(";").map((pair) => pair.trim()) ?? [];
  const valuesOf = (wanted: string) =>
    pairs.filter((pair) => pair.startsWith(`${wanted}=`)).map((pair) => pair.slice(wanted.length + 1));
  const secure = valuesOf(secureName);
  const found = secure.length > 0 || isHttps ? secure : valuesOf(name);
  return (found.length === 1 && found[0]) || null;
}

/** The headers that set the session cookie, or with an empty token remove it. */
export function sessionCookies(
  incoming: IncomingMessage,
  isHttps: boolean,
  token: string,
  maxAge: number,
): Headers {
  // A page that came over https, perhaps through a proxy, says so in its origin: its cookie never goes in the clear.
  const isSecure = isHttps || incoming.headers.origin?.startsWith("https://");
  const headers = new Headers();
  const add = (cookie: string, age: number, more: string) =>
    headers.append("Set-Cookie", `${cookie}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${more}`);
  if (isSecure) add(`${secureName}=${token}`, maxAge, "; Secure");
  if (!isSecure || token === "") add(`${name}=${token}`, maxAge, "");
  return headers;
}
