import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPublicAddress, mayReachAll } from "./address-policy.ts";

// A second opinion, by arithmetic on bits and after the registries: it shares no code and no table with the policy.

function isPublic4(address: number): boolean {
  const [a, b, c] = [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255];
  const top16 = address >>> 16;
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false;
  if (a === 100 && b >> 6 === 1) return false;
  if (top16 === 0xa9fe || top16 === 0xc0a8) return false;
  if (a === 172 && b >> 4 === 1) return false;
  if (a === 198 && b >> 1 === 9) return false;
  if (address >>> 0 === 0xa83f8110) return false;
  const top24 = (a << 16) | (b << 8) | c;
  return ![0xc00000, 0xc00002, 0xc05863, 0xc63364, 0xcb0071].includes(top24);
}

function isPublic6(address: bigint): boolean {
  const word = (index: number): number => Number((address >> BigInt(112 - 16 * index)) & 0xffffn);
  const [first, second] = [word(0), word(1)];
  if (first >> 13 !== 0b001) return false;
  if (first === 0x2001) return second >= 0x0200 && second !== 0x0db8;
  if (first === 0x2002 || first === 0x3ffe) return false;
  return !(first === 0x3fff && second >> 12 === 0);
}

const write4 = (address: number): string =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");

function words6(address: bigint): string[] {
  return Array.from({ length: 8 }, (_, index) =>
    ((address >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  );
}

/** In one of the spellings of RFC 4291: in full, in capitals, with a run of zeros left out, with IPv4 at its end. */
function write6(address: bigint, style: number): string {
  const words = words6(address);
  if (style === 1) return words.map((word) => word.padStart(4, "0").toUpperCase()).join(":");
  if (style === 2) return words.join(":").replace(/(^|:)0(:0)+(:|$)/, "::");
  if (style === 3) return `${words.slice(0, 6).join(":")}:${write4(Number(address & 0xffffffffn))}`;
  return words.join(":");
}

const edges4 = [
  0x00000000, 0x0a000000, 0x64400000, 0x7f000000, 0xa83f8110, 0xa9fe0000, 0xac100000, 0xc0000000, 0xc0000200,
  0xc0586300, 0xc0a80000, 0xc6120000, 0xc6336400, 0xcb007100, 0xe0000000, 0xf0000000, 0xffffffff,
];
const any4 = fc.oneof(
  fc.nat(0xffffffff),
  fc
    .tuple(fc.constantFrom(...edges4), fc.integer({ min: 0, max: 31 }), fc.integer({ min: -1, max: 1 }))
    .map(([edge, size, step]) => (edge + 2 ** size + step) >>> 0),
);
const edges6 = [
  "0000",
  "0064ff9b",
  "0064ff9b0001",
  "0100",
  "1fff",
  "2000",
  "20010000",
  "20010002",
  "20010020",
  "200101ff",
  "20010200",
  "20010db8",
  "20010db9",
  "2002",
  "2003",
  "2620004f",
  "3ffe",
  "3ffd",
  "3fff0fff",
  "3fff1000",
  "4000",
  "5f00",
  "fc00",
  "fd000ec2",
  "fe80",
  "fec0",
  "ff02",
  "00000000000000000000ffff",
]; // prettier-ignore
const any6 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
  fc
    .tuple(fc.constantFrom(...edges6), fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), fc.boolean())
    .map(([prefix, rest, zero]) => {
      const free = BigInt(128 - 4 * prefix.length);
      return (BigInt(`0x${prefix}`) << free) | (zero ? 1n : rest & ((1n << free) - 1n));
    }),
);

describe("which addresses are public", () => {
  test("agrees with arithmetic on every IPv4 network of 65,536", () => {
    const differing = Array.from({ length: 2 ** 16 }, (_, index) => (index << 16) | 0x0101)
      .concat(edges4)
      .filter((address) => isPublicAddress(write4(address)) !== isPublic4(address));
    expect(differing.map(write4)).toEqual([]);
  });

  test("agrees with arithmetic on 20,000 random IPv4 addresses, most at the edges of networks", () => {
    const agrees = (address: number) => isPublicAddress(write4(address)) === isPublic4(address);
    fc.assert(fc.property(any4, agrees), { numRuns: 20_000, seed: 4 });
  });

  test("agrees with arithmetic on 20,000 random IPv6 addresses in every spelling", () => {
    const agrees = (address: bigint, style: number) =>
      isPublicAddress(write6(address, style)) === isPublic6(address);
    fc.assert(fc.property(any6, fc.nat(3), agrees), { numRuns: 20_000, seed: 6 });
  });

  test("no IPv6 form of an IPv4 address is public, whichever address it carries", () => {
    const forms: ((address: bigint) => bigint)[] = [
      (address) => address,
      (address) => (0xffffn << 32n) | address,
      (address) => (0xffff0000n << 32n) | address,
      (address) => (0x0064ff9bn << 96n) | address,
      (address) => (0x0064ff9b0001n << 80n) | address,
      (address) => (0x2002n << 112n) | (address << 80n) | 1n,
      (address) => (0x20010000n << 96n) | (address << 64n) | (address ^ 0xffffffffn),
      (address) => (0xfe80n << 112n) | (0x5efen << 32n) | address,
    ];
    const closed = (address: number, form: number, style: number) =>
      !isPublicAddress(write6(forms[form % forms.length]?.(BigInt(address)) ?? 0n, style));
    fc.assert(fc.property(fc.nat(0xffffffff), fc.nat(7), fc.nat(3), closed), { numRuns: 5_000, seed: 46 });
  });

  test("what names a cloud's metadata is closed, and well-known public servers are open", () => {
    const metadata = ["169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16"];
    const metadata6 = ["fd00:ec2::254", "fd20:ce::254", "fe80::a9fe:a9fe", "::ffff:169.254.169.254"];
    expect([...metadata, ...metadata6].filter(isPublicAddress)).toEqual([]);
    const open = ["1.1.1.1", "8.8.8.8", "9.9.9.9", "151.101.0.223", "114.114.114.114"];
    const open6 = ["2606:4700::1111", "2001:4860:4860::8888", "2400:3200::1", "2A04:4E42::223"];
    expect([...open, ...open6].filter((address) => !isPublicAddress(address))).toEqual([]);
  });

  test("what is no address in plain form is closed", () => {
    const texts = [
      "",
      "1",
      "8.8.8",
      "8.8.8.8.",
      "08.8.8.8",
      "0x8.8.8.8",
      "8.8.8.8/32",
      " 8.8.8.8",
      "８.8.8.8",
    ];
    const texts6 = [
      "2606:4700::1111%eth0",
      "2606:4700::1111%25",
      "[2606:4700::1111]",
      "2606:4700:::1",
      "dns.google",
    ];
    expect([...texts, ...texts6].filter(isPublicAddress)).toEqual([]);
  });
});

describe("which addresses may be reached from here", () => {
  const face = (cidr: string, family: "IPv4" | "IPv6") => ({
    address: cidr.split("/")[0] ?? "",
    cidr,
    family,
    netmask: "",
    mac: "",
    internal: false,
    ...(family === "IPv6" && { scopeid: 0 }),
  });
  const interfaces = {
    eth0: [face("151.101.0.10/24", "IPv4"), face("2a04:4e42:1:2::10/64", "IPv6")],
    lo: [face("127.0.0.1/8", "IPv4"), face("::1/128", "IPv6")],
  } as NodeJS.Dict<import("node:os").NetworkInterfaceInfo[]>;

  test("the machine's own public addresses and their neighbours are not", () => {
    const closed = ["151.101.0.10", "151.101.0.11", "2a04:4e42:1:2::10", "2a04:4e42:1:2:ffff::1"];
    expect(closed.filter((address) => mayReachAll([address], interfaces))).toEqual([]);
    expect(mayReachAll(["151.101.1.10", "2a04:4e42:1:3::10", "8.8.8.8"], interfaces)).toBe(true);
  });

  test("one address that may not be reached closes all", () => {
    expect(mayReachAll(["8.8.8.8", "10.0.0.1"], interfaces)).toBe(false);
    expect(mayReachAll(["8.8.8.8", "::1"], interfaces)).toBe(false);
    expect(mayReachAll(["8.8.8.8", "::1"], {})).toBe(false);
  });
});
