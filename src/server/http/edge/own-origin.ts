import type { IncomingMessage } from "node:http";
import { sameHost } from "./host.ts";

/**
 * Whether a page of another origin may be behind a request. Browsers say so in `Origin` (whenever something may be
 * changed) and, over https and to this very machine, in `Sec-Fetch-Site`; programs send neither. A neighbouring
 * subdomain or port counts as another origin: `SameSite` cookies do not tell those apart.
 */
export function isForeign(incoming: IncomingMessage, isHttps: boolean): boolean {
  const site = incoming.headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return true;
  return incoming.headers.origin !== undefined && !hasOwnOrigin(incoming, isHttps);
}

/** Whether a request names the server's own origin: that of the host it was sent to, by https where that is known. */
export function hasOwnOrigin(incoming: IncomingMessage, isHttps: boolean): boolean {
  const { origin = "", host = "" } = incoming.headers;
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (url.protocol !== "https:" && (url.protocol !== "http:" || isHttps)) return false;
  return url.origin === origin && sameHost(url, host);
}
