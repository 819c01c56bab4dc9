import { type IncomingMessage, request as openRequest, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Route } from "./route.ts";

/** Headers that are about one connection, and those by which clients sign in at proxies (RFC 9110, 7.6.1). */
const ownHeaders = [
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];
const bodyless: readonly (string | undefined)[] = ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"];

/**
 * Makes one request of its own from a client's, over a connection of its own, and hands the answer back. The target's
 * name and the length of the body are stated anew, as they were understood here. `fail` is called, perhaps more than
 * once, where no answer has come.
 */
export function forwardRequest(
  socket: Socket,
  route: Route,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  fail: () => void,
): void {
  response.once("close", () => socket.destroy());
  const host = route.literal && route.host.includes(":") ? `[${route.host}]` : route.host;
  const outgoing = openRequest({
    createConnection: () => socket,
    method: request.method,
    path: path.startsWith("/") ? path : `/${path}`,
    headers: [
      "Host",
      route.port === 80 ? host : `${host}:${route.port}`,
      ...passedHeaders(request),
      ...statedLength(request),
      "Connection",
      "close",
    ],
  });
  const giveUp = (): void => {
    if (response.headersSent) response.destroy();
    else fail();
  };
  outgoing.on("response", (answer) => {
    answer.on("error", giveUp);
    try {
      const length = answer.headers["content-length"];
      const stated = length === undefined ? [] : ["Content-Length", length];
      response.writeHead(answer.statusCode ?? 502, [...passedHeaders(answer), ...stated]);
    } catch {
      // A status or a header that HTTP does not know.
      return giveUp();
    }
    answer.pipe(response);
  });
  // An answer of 101, which nobody asked for, ends here too: nothing listens for it.
  outgoing.on("error", giveUp).on("close", () => !response.headersSent && giveUp());
  request.on("error", () => socket.destroy());
  request.pipe(outgoing);
}

/** All headers, flat, but those about one connection, and those that the message itself names so. */
function passedHeaders({ rawHeaders, headers }: IncomingMessage): string[] {
  const named = (headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  const dropped = new Set([...ownHeaders, ...named]);
  return rawHeaders.filter((_, index) => !dropped.has((rawHeaders[index - (index % 2)] ?? "").toLowerCase()));
}

function statedLength({ headers, method }: IncomingMessage): string[] {
  if (headers["transfer-encoding"] !== undefined) return ["Transfer-Encoding", "chunked"];
  const length = headers["content-length"] ?? (bodyless.includes(method) ? undefined : "0");
  return length === undefined ? [] : ["Content-Length", length];
}
