import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, isIP, type Server, type TcpNetConnectOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type EgressEntry,
  type EgressLimits,
  startEgressProxy,
} from "../../../src/workspace/network/egress-proxy.ts";
import { type AllowedHost, parseAllowedHost } from "../../../src/workspace/network/host-pattern.ts";
import { createHostResolver } from "../../../src/workspace/network/resolve-host.ts";
import { type NameRecord, type NameServer, startNameServer } from "./name-server.ts";

/** The address of the public site, and of a public site of somebody else. */
export const siteAddress = "93.184.216.34";
export const foreignAddress = "93.184.216.35";

/** A proxy with its world around it, on loopback: a public site, everything else, and name servers. */
export interface Street {
  /** Sends the parts one after the other, each once something has come back, and gives all that came back by the end. */
  say(...parts: (string | Buffer)[]): Promise<string>;
  /** A unix socket's path. */
  proxy: string;
  /** What reached anything but the public site: the first bytes, or nothing but a connection. */
  inside: string[];
  /** What reached the public site on port 80: method, Host and path; and on all other ports: the bytes. */
  site: string[];
  entries: EgressEntry[];
  names: NameServer;
  close(): Promise<void>;
}

/**
 * Builds one. The proxy has its own rules, its own DNS client and its own connections; only where a connection would
 * leave for the internet does it turn to loopback: to the site for `siteAddress`, else to what counts as inside.
 */
export async function buildStreet(options: {
  allow: string[];
  find: (name: string, before: number) => NameRecord | undefined;
  limits?: Partial<EgressLimits>;
}): Promise<Street> {
  const folder = await mkdtemp(join(tmpdir(), "zcbot-street-"));
  const inside: string[] = [];
  const site: string[] = [];
  const entries: EgressEntry[] = [];
  const names = await startNameServer(options.find);
  const secret = await listen(
    createServer((socket) => {
      const place = inside.push("a connection") - 1;
      socket
        .on("error", () => {})
        .once("data", (bytes) => {
          inside[place] = bytes.toString("latin1");
          socket.end("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret");
        });
    }),
  );
  const web = await listen(startSite(site));
  const sink = await listen(
    createServer((socket) => {
      socket
        .on("error", () => {})
        .once("data", (bytes) => {
          site.push(bytes.toString("latin1"));
          socket.end("welcome");
        });
    }),
  );
  const goal = ({ host = "", port, lookup }: TcpNetConnectOpts): number => {
    const addresses: string[] = [];
    if (isIP(host) > 0) addresses.push(host);
    else {
      lookup?.(host, { all: true }, (_error, found) => {
        addresses.push(...(found as { address: string }[]).map(({ address }) => address));
      });
    }
    if (!addresses.every((address) => address === siteAddress)) return secret.port;
    return port === 80 ? web.port : sink.port;
  };
  const proxy = join(folder, "proxy");
  const running = await startEgressProxy({
    socketPath: proxy,
    allow: options.allow.map((entry) => parseAllowedHost(entry) as AllowedHost),
    log: (entry) => entries.push(entry),
    limits: { headMs: 500, ...options.limits },
    resolve: createHostResolver([names.address]),
    connect: (wanted) => connect({ host: "127.0.0.1", port: goal(wanted), allowHalfOpen: true }),
  });
  return {
    proxy,
    inside,
    site,
    entries,
    names,
    say: (...parts) => converse(proxy, parts),
    async close() {
      await running.close();
      names.close();
      for (const { server } of [secret, web, sink]) server.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function listen<Kind extends Server>(server: Kind): Promise<{ server: Kind; port: number }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

/** A site whose `/to/<status>/<address>` leads to an address, and whose other pages say welcome. */
function startSite(seen: string[]): Server {
  const server = createHttpServer((request, response) => {
    const { method, url = "", headers } = request;
    request.resume().once("end", () => {
      seen.push(`${method} ${headers.host} ${url}`);
      const [, status, location] = /^\/to\/(\d+)\/(.*)$/.exec(url) ?? [];
      if (location !== undefined)
        response.writeHead(Number(status), { Location: decodeURIComponent(location) });
      response.end("welcome");
    });
  });
  return server.on("connect", (request, socket) => {
    seen.push(`CONNECT ${request.url}`);
    socket.end();
  });
}

function converse(proxy: string, parts: (string | Buffer)[]): Promise<string> {
  const [first = "", ...later] = parts;
  return new Promise((resolve) => {
    const socket = connect(proxy);
    let received = "";
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
      const next = later.shift();
      if (next !== undefined) socket.write(next);
    });
    // Whoever is refused is cut off in the middle of what it says.
    socket.on("error", () => {}).on("close", () => resolve(received));
    socket.write(first);
  });
}
