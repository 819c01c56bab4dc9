import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingMessage, request as openRequest } from "node:http";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import {
  type EgressEntry,
  type EgressProxyOptions,
  startEgressProxy,
} from "../../../src/workspace/network/egress-proxy.ts";
import { type AllowedHost, parseAllowedHost } from "../../../src/workspace/network/host-pattern.ts";

/** A proxy before one server, for the length of a test. */
export interface SiteProxy {
  /** The socket's path. */
  path: string;
  entries: EgressEntry[];
  /** Makes one request, as Node's own client does. */
  ask(
    url: string,
    request?: { method?: string; headers?: Record<string, string>; body?: Buffer },
  ): Promise<SiteAnswer>;
  /** Asks for a tunnel, and gives the first words of the answer. */
  openTunnel(authority: string): Promise<{ socket: Socket; answer: string }>;
  close(): Promise<void>;
}

/** What the proxy answered. */
export interface SiteAnswer {
  status: number;
  reason: string;
  headers: IncomingMessage["headers"];
  body: string;
}

/** Starts a proxy that allows `site.example`, `例子.中国` and `git.example:2222`, all of which lead to this server. */
export async function useSite(server: Server, options: Partial<EgressProxyOptions> = {}): Promise<SiteProxy> {
  const folder = await mkdtemp(join(tmpdir(), "zcbot-egress-"));
  const path = join(folder, "private", "proxy");
  const entries: EgressEntry[] = [];
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const allowed = ["site.example", "例子.中国", "git.example:2222"];
  const proxy = await startEgressProxy({
    socketPath: path,
    allow: allowed.map((entry) => parseAllowedHost(entry) as AllowedHost),
    log: (entry) => entries.push(entry),
    resolve: async () => ["93.184.216.34"],
    connect: () => connect({ port, host: "127.0.0.1", allowHalfOpen: true }),
    ...options,
  });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= proxy.close();
    return closed;
  };
  onTestFinished(async () => {
    await close();
    server.close();
    await rm(folder, { recursive: true });
  });
  return {
    path,
    entries,
    close,
    async ask(url, { method = "GET", headers = {}, body } = {}) {
      const request = openRequest({
        socketPath: path,
        path: url,
        method,
        headers: { Host: "x", ...headers },
      });
      request.end(body);
      const [answer] = (await once(request, "response")) as [IncomingMessage];
      const { statusCode: status = 0, statusMessage: reason = "" } = answer;
      return { status, reason, headers: answer.headers, body: await text(answer) };
    },
    async openTunnel(authority) {
      const socket = connect(path).on("error", () => {});
      socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
      const [answer] = await once(socket, "data");
      return { socket, answer: String(answer) };
    },
  };
}

/** Done when a connection is over, by an error or without one. */
export function whenClosed(socket: Socket): Promise<void> {
  return new Promise((done) => void socket.resume().once("close", () => done()));
}
