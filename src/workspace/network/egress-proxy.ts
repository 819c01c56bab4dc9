import { chmod, mkdir, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect as connectSocket, type Socket } from "node:net";
import { dirname } from "node:path";
import type { Duplex } from "node:stream";
import { forwardRequest } from "./forward-request.ts";
import { type Destination, parseDestination } from "./host-pattern.ts";
import { createHostResolver } from "./resolve-host.ts";
import {
  describeFailure,
  findRefusal,
  findRoute,
  openConnection,
  type ReachPolicy,
  type Refusal,
  refuse,
} from "./route.ts";
import { joinTunnel } from "./tunnel.ts";

/** What became of one request or tunnel; never what was asked for within it. */
export interface EgressEntry {
  /** Null where none could be made out. */
  host: string | null;
  port: number | null;
  outcome: "passed" | "refused" | "failed";
  /** Why not, as the client was told. */
  reason?: string;
  bytesUp: number;
  bytesDown: number;
}

/** What one proxy grants whoever uses it. */
export interface EgressLimits {
  /** Requests and tunnels at a time. */
  connections: number;
  /** Silence after which a connection is closed, milliseconds. */
  idleMs: number;
  /** Longest time for the head of a request, milliseconds. */
  headMs: number;
}

/** How to make a proxy. `resolve` and `connect` stand in for the world in tests; which addresses may be reached is not to be chosen. */
export interface EgressProxyOptions extends Pick<ReachPolicy, "allow">, Partial<Omit<ReachPolicy, "allow">> {
  /** At most 107 bytes; its folder is made, for the server alone, if it is missing. */
  socketPath: string;
  log(entry: EgressEntry): void;
  limits?: Partial<EgressLimits>;
}

/** A proxy at work. */
export interface EgressProxy {
  socketPath: string;
  /** Ends every connection through it; done when the socket is gone. */
  close(): Promise<void>;
}

const usualLimits: EgressLimits = { connections: 64, idleMs: 300_000, headMs: 15_000 };

/**
 * Starts an HTTP proxy on a unix socket that only this account can open: the one way out of a sandbox without a
 * network. It leads to allowed hosts at public addresses, by CONNECT and by requests for `http://` addresses. Start
 * one for each owner: its limits are shared by all who use it.
 */
export async function startEgressProxy(options: EgressProxyOptions): Promise<EgressProxy> {
  const { socketPath, allow, log, resolve = createHostResolver(), connect = connectSocket } = options;
  const policy: ReachPolicy = { allow, resolve, connect };
  const limits = { ...usualLimits, ...options.limits };
  const closing = new AbortController();
  const sockets = new Set<Duplex>();
  /** Clients in a tunnel to port 80, whose requests are read here as if they had named its end. */
  const plainTunnels = new WeakMap<Duplex, Destination>();
  let underway = 0;

  const keep = <Kept extends Socket>(socket: Kept): Kept => {
    sockets.add(socket);
    socket.setTimeout(limits.idleMs, () => socket.destroy());
    return socket.on("error", () => {}).once("close", () => sockets.delete(socket));
  };
  const begin = (client: Duplex | ServerResponse): boolean => {
    if (underway >= limits.connections) return false;
    underway++;
    client.once("close", () => underway--);
    return true;
  };
  const tooMany = refuse(503, `More than ${limits.connections} connections at a time are not allowed.`);
  const report = (
    destination: Destination | undefined,
    outcome: EgressEntry["outcome"],
    reason?: string,
    server?: Socket,
  ): void => {
    const { host = null, port = null } = destination ?? {};
    const bytes = { bytesUp: server?.bytesWritten ?? 0, bytesDown: server?.bytesRead ?? 0 };
    log({ host, port, outcome, ...(reason !== undefined && { reason }), ...bytes });
  };

  const answerRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const tunnel = plainTunnels.get(request.socket);
    const target = readTarget(request, tunnel);
    const destination = "status" in target ? tunnel : target.destination;
    const deny = (refusal: Refusal): void => {
      report(destination, refusal.status === 403 ? "refused" : "failed", refusal.sentence);
      if (response.destroyed) return;
      response.writeHead(refusal.status, refusal.sentence, { "Content-Type": "text/plain" });
      response.end(`${refusal.sentence}\n`);
    };
    // Nothing is upgraded, and Node reads nothing behind a request that asked for it.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
    if ("status" in target) return deny(target);
    if (!begin(response)) return deny(tooMany);
    const route = await findRoute(policy, target.destination, closing.signal);
    if ("status" in route) return deny(route);
    if (response.destroyed || closing.signal.aborted) return;
    const server = keep(openConnection(policy, route));
    let told = false;
    response.once("close", () => {
      if (!told) report(route, response.headersSent ? "passed" : "failed", undefined, server);
      told = true;
    });
    forwardRequest(server, route, target.path, request, response, () => {
      if (!told) deny(describeFailure(route));
      told = true;
    });
  };

  const openTunnel = async (request: IncomingMessage, client: Socket, head: Buffer): Promise<void> => {
    const destination = parseDestination(request.url ?? "");
    const deny = (refusal: Refusal): void => {
      report(destination, refusal.status === 403 ? "refused" : "failed", refusal.sentence);
      client.resume().end(writeRefusal(refusal), () => client.destroy());
    };
    if (!destination || plainTunnels.has(client)) return deny(unreadable);
    if (!begin(client)) return deny(tooMany);
    if (destination.port === 80) {
      const refusal = findRefusal(policy, destination);
      if (refusal) return deny(refusal);
      client.write(established);
      plainTunnels.set(client, destination);
      client.unshift(head);
      return void http.emit("connection", client);
    }
    const route = await findRoute(policy, destination, closing.signal);
    if ("status" in route) return deny(route);
    if (client.destroyed || closing.signal.aborted) return;
    const server = keep(openConnection(policy, route));
    let refusal: Refusal | undefined = describeFailure(route);
    server.once("connect", () => {
      refusal = undefined;
      client.write(established);
      joinTunnel(client, server, head, route, () => {
        refusal = refuse(
          403,
          `What was sent through the tunnel to ${route.host} is not TLS for ${route.host}.`,
        );
      });
    });
    server.once("close", (hadError) => {
      if (refusal?.status === 502) return deny(refusal);
      report(route, refusal ? "refused" : "passed", refusal?.sentence, server);
      if (hadError) client.destroy();
    });
    client.once("close", () => server.destroy());
  };

  const http: Server = createServer(
    {
      maxHeaderSize: 16_384,
      headersTimeout: limits.headMs,
      connectionsCheckingInterval: Math.min(limits.headMs, 5_000),
      // The time for a whole request is the idle time's business: uploads may be long.
      requestTimeout: 0,
      insecureHTTPParser: false,
    },
    (request, response) => answerRequest(request, response).catch(() => response.destroy()),
  );
  http.timeout = limits.idleMs;
  // Beyond requests under way there may be idle connections.
  http.maxConnections = 2 * limits.connections;
  http.on("connection", (socket) => sockets.has(socket) || keep(socket));
  http.on("connect", (request, client, head) =>
    openTunnel(request, client as Socket, head).catch(() => client.destroy()),
  );

  await mkdir(dirname(socketPath), { recursive: true, mode: 0o700 });
  await rm(socketPath, { force: true });
  await new Promise<void>((done, failed) => {
    // Kept: a connection that cannot be taken, for want of descriptors perhaps, is an error too, and not the server's end.
    http.on("error", failed).listen(socketPath, done);
  });
  await chmod(socketPath, 0o600);
  return {
    socketPath,
    async close() {
      closing.abort();
      const closed = new Promise((done) => http.close(done));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

const established = "HTTP/1.1 200 Connection established\r\n\r\n";
const unreadable = refuse(
  400,
  "This is a proxy: it takes CONNECT host:port, and requests for http:// addresses with a plain host name.",
);

/** Where a request leads, and its path. Within a tunnel to port 80 it has to lead to the tunnel's end. */
function readTarget(
  request: IncomingMessage,
  tunnel: Destination | undefined,
): { destination: Destination; path: string } | Refusal {
  // Other codings than chunks would have to be understood to be passed on.
  if ((request.headers["transfer-encoding"] ?? "chunked").toLowerCase() !== "chunked") return unreadable;
  const url = request.url ?? "";
  if (tunnel) {
    const named = parseDestination(request.headers.host ?? "", 80);
    if (!isPath(url)) return unreadable;
    if (named?.host === tunnel.host && named.port === tunnel.port) return { destination: tunnel, path: url };
    return refuse(403, `The Host header has to name ${tunnel.host}, where the tunnel leads.`);
  }
  const [, authority = "", path = ""] = /^http:\/\/([^/?#\\@]+)(.*)$/is.exec(url) ?? [];
  const destination = parseDestination(authority, 80);
  return destination && (path === "" || isPath(path)) ? { destination, path } : unreadable;
}

function isPath(text: string): boolean {
  return /^[/?][\x21\x22\x24-\x7e]*$/.test(text);
}

function writeRefusal({ status, sentence }: Refusal): string {
  const head = [
    `HTTP/1.1 ${status} ${sentence}`,
    "Content-Type: text/plain",
    `Content-Length: ${sentence.length + 1}`,
    "Connection: close",
  ];
  return `${head.join("\r\n")}\r\n\r\n${sentence}\n`;
}
