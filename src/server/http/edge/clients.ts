import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv4 } from "node:net";

/** Who is at the other end of a request, as far as this server can know. */
export interface Clients {
  /** The client's address; an IPv6 one as its /64, which is what one customer of a provider has. */
  addressOf(incoming: IncomingMessage): string;
  /** Whether a trusted proxy says that the request came to it by https. */
  isHttps(incoming: IncomingMessage): boolean;
}

/** `trusted`: addresses and networks of proxies whose word counts. What anybody else says of itself does not. */
export function createClients(trusted: string[]): Clients {
  const proxies = new BlockList();
  for (const network of trusted) {
    const [address = "", bits] = network.split("/");
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  const isProxy = (address: string) => proxies.check(address, isIPv4(address) ? "ipv4" : "ipv6");
  const peer = (incoming: IncomingMessage) => unmap(incoming.socket.remoteAddress ?? "");
  return {
    addressOf(incoming) {
      let address = peer(incoming);
      const hops = trusted.length > 0 ? forwardedFor(incoming) : [];
      // Each proxy adds whom it was asked by: the last one that no proxy of ours is was not invented.
      while (isIP(address) !== 0 && isProxy(address)) {
        const hop = hops.pop();
        if (hop === undefined || isIP(hop) === 0) break;
        address = hop;
      }
      return groupOf(address);
    },
    isHttps(incoming) {
      if (trusted.length === 0) return false;
      const address = peer(incoming);
      if (isIP(address) === 0 || !isProxy(address)) return false;
      const scheme = incoming.headersDistinct["x-forwarded-proto"]?.at(-1)?.split(",").at(-1);
      return scheme?.trim().toLowerCase() === "https";
    },
  };
}

function forwardedFor(incoming: IncomingMessage): string[] {
  const hops = (incoming.headersDistinct["x-forwarded-for"] ?? []).join(",").split(",");
  // Some proxies add the port.
  return hops.map((hop) => unmap(hop.trim().replace(/^\[(.*)\](?::\d+)?$|^([\d.]+):\d+$/, "$1$2")));
}

/** An IPv4 address in the dress of IPv6 is that IPv4 address. */
function unmap(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
}

function groupOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = (address.split("%")[0] ?? "").split("::");
  const first = head === "" ? [] : head.split(":");
  if (tail === undefined) return network(first);
  const last = tail === "" ? [] : tail.split(":");
  // A dotted end stands for two groups.
  const width = last.length + (last.at(-1)?.includes(".") ? 1 : 0);
  return network([...first, ...Array<string>(Math.max(0, 8 - first.length - width)).fill("0"), ...last]);
}

function network(groups: string[]): string {
  const leading = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${leading.join(":")}::/64`;
}
