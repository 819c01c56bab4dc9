import { isIPv4, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import { isPublicAddress } from "./address-policy.ts";

/** Where a connection shall go: a host in its one spelling (lower case, no dot at the end, IPv6 bare), and a port. */
export interface Destination {
  host: string;
  port: number;
  /** The host is an IP address rather than a name. */
  literal: boolean;
}

/** One entry of the list of allowed hosts, as `parseAllowedHost` read it. */
export interface AllowedHost {
  /** `any` public host; the hosts `below` a name, not itself; that `exact` one. */
  kind: "any" | "below" | "exact";
  host: string;
  /** Undefined: 80 and 443. */
  port: number | undefined;
}

const openPorts: readonly number[] = [80, 443];

/**
 * Reads `host:port` or, with a `defaultPort`, `host`. Undefined unless the host is an IPv4 address in four decimal
 * numbers, an IPv6 address in brackets, or a name of at least two labels of letters, digits and hyphens.
 */
export function parseDestination(text: string, defaultPort?: number): Destination | undefined {
  const [, hostText = "", portText] = /^(\[[^\]]*\]|[^:]*)(?::([1-9]\d{0,4}))?$/.exec(text) ?? [];
  const port = portText === undefined ? defaultPort : Number(portText);
  const parsed = parseHost(hostText);
  if (!parsed || port === undefined || port > 65_535) return undefined;
  return parsed.literal || parsed.host.includes(".") ? { ...parsed, port } : undefined;
}

function parseHost(text: string): { host: string; literal: boolean } | undefined {
  const bracketed = /^\[([0-9a-f:.]+)\]$/i.exec(text)?.[1];
  if (bracketed !== undefined) {
    if (!isIPv6(bracketed)) return undefined;
    return { host: new URL(`http://[${bracketed}]`).hostname.slice(1, -1), literal: true };
  }
  // Before lower case: some letters beyond ASCII become ASCII by it.
  if (!/^[a-z0-9.-]{1,254}$/i.test(text)) return undefined;
  const host = text.toLowerCase().replace(/\.$/, "");
  if (isIPv4(host)) return { host, literal: true };
  const labels = host.split(".");
  // `127.1`, `0x7f000001`: what some resolvers take for an address.
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "")) return undefined;
  const isName =
    host.length <= 253 && labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  return isName ? { host, literal: false } : undefined;
}

/**
 * Reads an entry of the setting `networkAllow`: `example.com`, `*.example.com`, `*`, an IP address, each with a port
 * if need be. What is wrong with it is said as the end of a sentence that begins with the entry.
 */
export function parseAllowedHost(entry: string): AllowedHost | { problem: string } {
  if (/[/@]/.test(entry)) return { problem: "must be a host alone, without scheme, user or path" };
  const [, hostText = "", portText] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(entry) ?? [];
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && (!/^[1-9]\d{0,4}$/.test(portText ?? "") || port > 65_535)) {
    return { problem: "has a port that is no number from 1 to 65535" };
  }
  if (hostText === "*") return { kind: "any", host: "", port };
  const below = hostText.startsWith("*.");
  const name = below ? hostText.slice(2) : hostText;
  if (name.includes("*")) return { problem: "may have a star only alone or at its front: *.example.com" };
  // Names in other scripts travel as punycode. ASCII is left as it is: the conversion would unfold `%41`.
  const parsed = parseHost(/^[\x20-\x7e]*$/.test(name) ? name : domainToASCII(name));
  if (!parsed) return { problem: "is no name of a host" };
  if (parsed.literal) {
    if (below) return { problem: "cannot have a star: it is an address" };
    if (!isPublicAddress(parsed.host)) return { problem: "is no public address; others are never reached" };
  } else if (!below && !parsed.host.includes(".")) {
    return { problem: "is a local name; only public hosts can be reached" };
  }
  return { kind: below ? "below" : "exact", host: parsed.host, port };
}

/** What the list says of a destination: `named` is allowed with its port spelled out; `port`: only its host is allowed. */
export function findInList(
  allow: readonly AllowedHost[],
  { host, port, literal }: Destination,
): "named" | "allowed" | "port" | "unlisted" {
  const matching = allow.filter((entry) => {
    if (entry.kind === "any") return true;
    if (entry.kind === "exact") return entry.host === host;
    return !literal && host.endsWith(`.${entry.host}`);
  });
  if (matching.length === 0) return "unlisted";
  if (matching.some((entry) => entry.port === port)) return "named";
  const open = openPorts.includes(port) && matching.some((entry) => entry.port === undefined);
  return open ? "allowed" : "port";
}
