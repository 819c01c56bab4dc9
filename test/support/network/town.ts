import { once } from "node:events";
import { type AddressInfo, connect, createServer, isIP, type Server, type TcpNetConnectOpts } from "node:net";
import { createHostResolver } from "../../../src/workspace/network/resolve-host.ts";
import type { ReachPolicy } from "../../../src/workspace/network/route.ts";
import { type NameRecord, type NameServer, startNameServer } from "./name-server.ts";

/** The address of the public site. */
export const siteAddress = "93.184.216.34";

/** The world around whoever goes out, on loopback: a public site, everything else, and name servers. */
export interface Town extends Pick<ReachPolicy, "resolve" | "connect"> {
  /** What reached anything but the public site: the first bytes, or nothing but a connection. */
  inside: string[];
  names: NameServer;
  close(): void;
}

/**
 * Builds one. Names are looked up by the real DNS client; only where a connection would leave for the internet does it
 * turn to loopback: to the server that `at` gives for the port of `siteAddress`, else to what counts as inside.
 */
export async function buildTown(options: {
  find: (name: string, before: number) => NameRecord | undefined;
  at: (port: number) => Server;
}): Promise<Town> {
  const inside: string[] = [];
  const names = await startNameServer(options.find);
  const secret = createServer((socket) => {
    const place = inside.push("a connection") - 1;
    socket
      .on("error", () => {})
      .once("data", (bytes) => {
        inside[place] = bytes.toString("latin1");
        socket.end("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret");
      });
  });
  await listen(secret);
  const goal = ({ host = "", port, lookup }: TcpNetConnectOpts): Server => {
    const addresses: string[] = [];
    if (isIP(host) > 0) addresses.push(host);
    else {
      lookup?.(host, { all: true }, (_error, found) => {
        addresses.push(...(found as { address: string }[]).map(({ address }) => address));
      });
    }
    return addresses.every((address) => address === siteAddress) ? options.at(port) : secret;
  };
  return {
    inside,
    names,
    resolve: createHostResolver([names.address]),
    connect: (wanted) => connect({ host: "127.0.0.1", port: portOf(goal(wanted)), allowHalfOpen: true }),
    close() {
      names.close();
      secret.close();
    },
  };
}

/** Has a server listen on a free port of loopback. */
export async function listen<Kind extends Server>(server: Kind): Promise<Kind> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
