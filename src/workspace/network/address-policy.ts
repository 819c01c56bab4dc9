import { BlockList, isIP } from "node:net";
import { networkInterfaces } from "node:os";

type Family = "ipv4" | "ipv6";

/** IPv4 that is not public unicast, after IANA's registry of special purposes. */
const closed4 = listOf("ipv4", [
  "0.0.0.0/8", // this host
  "10.0.0.0/8", // private
  "100.64.0.0/10", // behind a carrier's NAT; a cloud's metadata at 100.100.100.200
  "127.0.0.0/8", // loopback
  "168.63.129.16/32", // public by its number, and a cloud's own services inside its machines
  "169.254.0.0/16", // link-local; the metadata of most clouds
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments; one cloud's metadata
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // relays from IPv6
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, broadcast
]);

/**
 * All that is allotted as public unicast in IPv6. Whatever lies outside is closed without a rule of its own: `::`,
 * `::1`, IPv4 written as IPv6 (`::ffff:0:0/96`, `::/96`, NAT64 `64:ff9b::/96` and `64:ff9b:1::/48`), discard `100::/64`,
 * segment routing `5f00::/16`, local `fc00::/7` (with metadata `fd00:ec2::254`), `fe80::/10`, `fec0::/10`, `ff00::/8`.
 */
const open6 = listOf("ipv6", ["2000::/3"]);

/** What is not public unicast within that. */
const closed6 = listOf("ipv6", [
  "2001::/23", // protocol assignments: Teredo, benchmarks, ORCHID
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4: IPv4 written as IPv6
  "3ffe::/16", // the former test network
  "3fff::/20", // documentation
]);

function listOf(family: Family, networks: string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) addNetwork(list, network, family);
  return list;
}

function addNetwork(list: BlockList, network: string, family: Family): void {
  const [address = "", prefix] = network.split("/");
  list.addSubnet(address, Number(prefix), family);
}

/**
 * Whether an address, as text, is public unicast. An IPv6 address that carries an IPv4 one is not, whichever it
 * carries; nor is one with a zone, or a text that is no address.
 */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !closed4.check(address, "ipv4");
    case 6:
      return !address.includes("%") && open6.check(address, "ipv6") && !closed6.check(address, "ipv6");
    default:
      return false;
  }
}

/**
 * Whether every one of these addresses is public and outside the networks that this machine is in: what listens on
 * the machine's own public address, or beside it, counts on not being reached from within.
 */
export function mayReachAll(addresses: readonly string[], interfaces = networkInterfaces()): boolean {
  const own = new BlockList();
  for (const { cidr, family } of Object.values(interfaces).flatMap((each) => each ?? [])) {
    if (cidr) addNetwork(own, cidr, family === "IPv4" ? "ipv4" : "ipv6");
  }
  return addresses.every(
    (address) => isPublicAddress(address) && !own.check(address, isIP(address) === 4 ? "ipv4" : "ipv6"),
  );
}
