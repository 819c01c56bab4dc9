import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { createClients } from "./clients.ts";

/** As Node gives it: the peer's address, and the headers as lists. */
function from(remoteAddress: string, headers: Record<string, string[]> = {}): IncomingMessage {
  return { socket: { remoteAddress }, headersDistinct: headers } as unknown as IncomingMessage;
}

const forwarded = (...lines: string[]) => ({ "x-forwarded-for": lines });

describe("a client's address", () => {
  const cases: [name: string, trusted: string[], peer: string, lines: string[], address: string][] = [
    ["is the peer's", [], "192.0.2.1", [], "192.0.2.1"],
    ["is the peer's, whatever it says", [], "192.0.2.1", ["198.51.100.9"], "192.0.2.1"],
    [
      "is the peer's where only others are trusted",
      ["10.0.0.0/8"],
      "192.0.2.1",
      ["198.51.100.9"],
      "192.0.2.1",
    ],
    ["is what a trusted proxy says", ["10.0.0.1"], "10.0.0.1", ["198.51.100.9"], "198.51.100.9"],
    [
      "is not what the client says of itself",
      ["10.0.0.1"],
      "10.0.0.1",
      ["1.1.1.1, 198.51.100.9"],
      "198.51.100.9",
    ],
    [
      "is behind all proxies",
      ["10.0.0.0/8"],
      "10.0.0.1",
      ["1.1.1.1, 198.51.100.9, 10.2.2.2"],
      "198.51.100.9",
    ],
    [
      "is found over several lines",
      ["10.0.0.0/8"],
      "10.0.0.1",
      ["1.1.1.1", "198.51.100.9", "10.2.2.2"],
      "198.51.100.9",
    ],
    ["is the proxy's where it says nothing", ["10.0.0.1"], "10.0.0.1", [], "10.0.0.1"],
    [
      "is the last proxy's where the next is none",
      ["10.0.0.0/8"],
      "10.0.0.1",
      ["evil, 10.2.2.2"],
      "10.2.2.2",
    ],
    ["is the proxy's where an empty one is said", ["10.0.0.1"], "10.0.0.1", ["1.1.1.1, "], "10.0.0.1"],
    ["may have a port", ["10.0.0.1"], "10.0.0.1", ["198.51.100.9:4711"], "198.51.100.9"],
    [
      "may be IPv4 in the dress of IPv6",
      ["10.0.0.1"],
      "::ffff:10.0.0.1",
      ["::ffff:198.51.100.9"],
      "198.51.100.9",
    ],
    ["of IPv6 is its network", [], "2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"],
    ["of IPv6 is its network, however it is written", [], "2001:DB8:1::6", [], "2001:db8:1:0::/64"],
    ["of IPv6 may end in dots", [], "2001:db8::198.51.100.9", [], "2001:db8:0:0::/64"],
    ["of IPv6 may name a link", [], "fe80::1%eth0", [], "fe80:0:0:0::/64"],
    ["of this machine is one", [], "::1", [], "0:0:0:0::/64"],
    [
      "may be IPv6 behind a proxy of IPv6",
      ["fd00::/8"],
      "fd00::1",
      ["[2001:db8:1:2::9]:4711"],
      "2001:db8:1:2::/64",
    ],
    ["is nothing where the connection is gone", ["10.0.0.1"], "", ["1.1.1.1"], ""],
  ];
  test.each(cases)("%s", (_name, trusted, peer, lines, address) => {
    expect(createClients(trusted).addressOf(from(peer, forwarded(...lines)))).toBe(address);
  });

  test("is never one of those that a client invents, however many", () => {
    const clients = createClients(["10.0.0.0/8"]);
    const invented = Array.from({ length: 50 }, (_, index) => `1.1.1.${index}`).join(", ");
    expect(clients.addressOf(from("10.0.0.1", forwarded(`${invented}, 198.51.100.9`)))).toBe("198.51.100.9");
  });
});

test("https is what the last trusted proxy says", () => {
  const { isHttps } = createClients(["10.0.0.1"]);
  const said = (...schemes: string[]) => ({ "x-forwarded-proto": schemes });
  expect(isHttps(from("10.0.0.1", said("https")))).toBe(true);
  expect(isHttps(from("10.0.0.1", said("http, HTTPS")))).toBe(true);
  expect(isHttps(from("10.0.0.1", said("https", "http")))).toBe(false);
  expect(isHttps(from("10.0.0.1", said("https, http")))).toBe(false);
  expect(isHttps(from("10.0.0.1"))).toBe(false);
  expect(isHttps(from("192.0.2.1", said("https")))).toBe(false);
});
