import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type EgressEntry,
  type EgressLimits,
  startEgressProxy,
} from "../../../src/workspace/network/egress-proxy.ts";
import { type AllowedHost, parseAllowedHost } from "../../../src/workspace/network/host-pattern.ts";
import type { NameRecord, NameServer } from "./name-server.ts";
import { buildTown, listen } from "./town.ts";

/** The address of a public site of somebody else than `siteAddress`'s. */
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

/** Builds one. The proxy has its own rules, its own DNS client and its own connections; the world is a `Town`. */
export async function buildStreet(options: {
  allow: string[];
  find: (name: string, before: number) => NameRecord | undefined;
  limits?: Partial<EgressLimits>;
}): Promise<Street> {
  const folder = await mkdtemp(join(tmpdir(), "zcbot-street-"));
  const site: string[] = [];
  const entries: EgressEntry[] = [];
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
  const town = await buildTown({ find: options.find, at: (port) => (port === 80 ? web : sink) });
  const proxy = join(folder, "proxy");
  const running = await startEgressProxy({
    socketPath: proxy,
    allow: options.allow.map((entry) => parseAllowedHost(entry) as AllowedHost),
    log: (entry) => entries.push(entry),
    limits: { headMs: 500, ...options.limits },
    resolve: town.resolve,
    connect: town.connect,
  });
  return {
    proxy,
    inside: town.inside,
    site,
    entries,
    names: town.names,
    say: (...parts) => converse(proxy, parts),
    async close() {
      await running.close();
      town.close();
      for (const server of [web, sink]) server.close();
      await rm(folder, { recursive: true });
    },
  };
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
