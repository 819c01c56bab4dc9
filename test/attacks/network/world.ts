import type { NameRecord } from "../../support/network/name-server.ts";
import { foreignAddress } from "../../support/network/street.ts";
import { siteAddress } from "../../support/network/town.ts";

const fixed: Record<string, NameRecord> = {
  "open.example": { addresses: [siteAddress] },
  "allowed.example": { addresses: [siteAddress] },
  "a.below.example": { addresses: [siteAddress] },
  "internal.example": { addresses: ["127.0.0.1"] },
  "localhost.localdomain": { addresses: ["127.0.0.1"] },
  "app.localhost": { addresses: ["127.0.0.1", "::1"] },
  "127.0.0.1.wildcard.example": { addresses: ["127.0.0.1"] },
  "metadata.google.internal": { addresses: ["169.254.169.254"] },
  "host.docker.internal": { addresses: ["172.17.0.1"] },
  "kubernetes.default.svc.cluster.local": { addresses: ["10.96.0.1"] },
  "printer.home.arpa": { addresses: ["192.168.1.9"] },
  "alias.example": { addresses: ["127.0.0.1"], alias: "internal.example" },
  "alias-to-local.example": { addresses: ["127.0.0.1"], alias: "localhost" },
  "alias-mixed.example": { addresses: [siteAddress, "10.0.0.5"], alias: "balancer.example" },
  "empty.example": { addresses: [] },
};

/**
 * The names of a hostile internet: `a-7f000001.addr.example` has the address 127.0.0.1, `q-` and 32 digits an IPv6
 * one, `mix-…` has it behind a public address, `xim-…` before one; `rebind.example` is public when first asked for and
 * loopback from then on. Any other name is a public site of somebody else.
 */
export function findName(name: string, before: number): NameRecord | undefined {
  const known = fixed[name];
  if (known) return known;
  if (name === "missing.example") return undefined;
  if (name.startsWith("rebind")) return { addresses: before === 0 ? [siteAddress] : ["127.0.0.1"] };
  const [, mix, hex = ""] = /^(mix-|xim-)?(?:a|q)-([0-9a-f]+)\.addr\.example$/.exec(name) ?? [];
  if (hex === "") return { addresses: [foreignAddress] };
  const address =
    hex.length === 8
      ? (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).join(".")
      : (hex.match(/..../g) ?? []).join(":");
  if (mix === undefined) return { addresses: [address] };
  return { addresses: mix === "mix-" ? [siteAddress, address] : [address, siteAddress] };
}

/** What is closed, as the digits of names. */
export const closedAddresses = [
  "7f000001 7f000101 7fffffff 00000000 00000001 0a000001 0affffff 64400001 647f0001 646464c8 a9fea9fe a9feaa02",
  "ac100001 ac1fffff ac110001 c0a80101 c0000001 c00000c0 c0000201 c0586301 c6120001 c613ffff c6336401 cb007101",
  "e0000001 effffffa f0000001 ffffffff a83f8110",
  "00000000000000000000000000000000 00000000000000000000000000000001 0000000000000000000000007f000001",
  "00000000000000000000ffff7f000001 00000000000000000000ffffa9fea9fe 00000000000000000000ffff5db8d822",
  "0000000000000000ffff00007f000001 0064ff9b00000000000000007f000001 0064ff9b00000000000000000a000001",
  "0064ff9b00010000000000007f000001 01000000000000000000000000000001 20010000000000000000000080fffffe",
  "20010002000000000000000000000001 20010010000000000000000000000001 20010020000000000000000000000001",
  "20010db8000000000000000000000001 20027f00000100000000000000000001 20020a00000100000000000000000001",
  "3ffe0000000000000000000000000001 3fff0000000000000000000000000001 5f000000000000000000000000000001",
  "fc000000000000000000000000000001 fd000ec2000000000000000000000254 fd20000000ce00000000000000000254",
  "fe80000000000000000000000000a9fe fec00000000000000000000000000001 ff020000000000000000000000000001",
  "fe8000000000000000005efe7f000001 40000000000000000000000000000001",
].flatMap((line) => line.split(" "));

/** The names that lead to them: alone, behind a public address, and before one. */
export const closedNames = closedAddresses.flatMap((hex) =>
  ["", "mix-", "xim-"].map((mix) => `${mix}${hex.length === 8 ? "a" : "q"}-${hex}.addr.example`),
);
