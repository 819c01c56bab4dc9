import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import type { Logger } from "pino";
import { ApiError } from "../../../protocol/error.ts";
import type { App } from "../app.ts";
import { errorHeaders, errorResponse, errorText, toApiError } from "../errors.ts";
import { requestTimeout } from "./body-pace.ts";
import type { Clients } from "./clients.ts";
import { answerPreflight, type HeaderOptions, setCommonHeaders } from "./headers.ts";
import { createHostCheck, type HostOptions } from "./host.ts";

export interface HttpServerOptions extends HostOptions, HeaderOptions {
  clients: Clients;
  logger: Logger;
  /** Time in which a request's headers must have arrived, milliseconds. */
  headersMs: number;
}

/** An upload of 2 GiB may take hours; `keepPace` and `readJson` are stricter. */
const longestRequestMs = 4 * 3_600_000;
/**
 * Idle connections outlive those of the usual proxies (60 s): who closes first may cross the next request on its
 * way, and the client sees a dropped connection.
 */
const keepAliveMs = 75_000;
/** A connection on which nothing moves for so long, in the middle of an answer, is dropped: its reader is gone. */
const stalledMs = 600_000;
/** 10,000 watchers may come from one address, that of a proxy. */
const maxConnections = 20_000;
const maxHeaderBytes = 16 * 1024;
const maxHeaders = 200;
/** Requests of one connection that may be under way. Browsers send the next one after the answer. */
const maxPipelined = 32;

/**
 * The HTTP server: what comes in is checked for form, pace and the host that it is meant for, and every answer, those
 * to what is no HTTP included, is in the error form and carries the common headers.
 */
export function createHttpServer(app: App, options: HttpServerOptions): Server {
  const { headersMs, clients, logger } = options;
  const checkHost = createHostCheck(options);
  const underWay = new WeakMap<Duplex, Set<ServerResponse>>();
  const serve = getRequestListener(app.fetch, {
    // It is asked where the request is none that could be handed on.
    errorHandler: () => {
      const requestId = randomUUID();
      const response = errorResponse(malformed(), requestId);
      response.headers.set("X-Request-Id", requestId);
      return response;
    },
  });
  const http = createServer({
    headersTimeout: headersMs,
    requestTimeout: longestRequestMs,
    connectionsCheckingInterval: Math.min(1_000, headersMs),
    keepAliveTimeout: keepAliveMs,
    maxHeaderSize: maxHeaderBytes,
    // Answered here, in the error form.
    requireHostHeader: false,
  });
  http.maxConnections = maxConnections;
  http.timeout = stalledMs;

  const answer = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const { socket } = incoming;
    const open = underWay.get(socket) ?? new Set();
    underWay.set(socket, open.add(outgoing));
    outgoing.once("close", () => open.delete(outgoing));
    const requestId = randomUUID();
    outgoing.setHeader("X-Request-Id", requestId);
    setCommonHeaders(incoming, outgoing, options, clients.isHttps(incoming));
    // Node does not read on behind such a request, and the next one on its connection would wait for ever.
    if (incoming.headers.upgrade !== undefined) outgoing.setHeader("Connection", "close");
    try {
      if (open.size > maxPipelined) throw pipelined();
      if (incoming.rawHeaders.length > 2 * maxHeaders) throw headersTooLarge();
      checkHost(incoming);
    } catch (error) {
      const refusal = toApiError(error, requestId, logger);
      const text = errorText(refusal, requestId);
      outgoing.setHeader("Connection", "close");
      outgoing.setHeader("Content-Length", Buffer.byteLength(text));
      outgoing.writeHead(refusal.status, errorHeaders(refusal)).end(text);
      return;
    }
    if (incoming.method === "OPTIONS") answerPreflight(outgoing);
    else void serve(incoming, outgoing);
  };
  http.on("request", answer);
  // An expectation that nobody knows is passed over.
  http.on("checkExpectation", answer);
  http.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const [first, ...more] = underWay.get(socket) ?? [];
    // Another answer would be torn apart, or taken for this one.
    const isBusy = first?.headersSent || more.length > 0;
    if (isBusy || !socket.writable || error.code === "ECONNRESET") return void socket.destroy();
    socket.end(refusalOf(error), () => socket.destroy());
  });
  return http;
}

function pipelined(): ApiError {
  return new ApiError("rate_limited", "Too many requests at once on one connection.", { retryAfter: 1 });
}

function headersTooLarge(): ApiError {
  const most = `${maxHeaderBytes} bytes and ${maxHeaders} lines`;
  return new ApiError("headers_too_large", `The headers are larger than ${most}.`);
}

function toRefusal(code: string | undefined): ApiError {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return requestTimeout();
  if (code === "HPE_HEADER_OVERFLOW") return headersTooLarge();
  return malformed();
}

function malformed(): ApiError {
  return new ApiError("malformed_request", "This is no request in HTTP/1.1.");
}

const reasons: Record<number, string> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

/** An answer by hand, where there is no request that Node could answer. */
function refusalOf(error: NodeJS.ErrnoException): string {
  const refusal = toRefusal(error.code);
  const requestId = randomUUID();
  const text = errorText(refusal, requestId);
  const headers: Record<string, string> = {
    ...errorHeaders(refusal),
    "Content-Length": String(Buffer.byteLength(text)),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Request-Id": requestId,
    Connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${refusal.status} ${reasons[refusal.status]}\r\n${lines.join("")}\r\n${text}`;
}
