import type { IncomingMessage } from "node:http";
import { ApiError } from "../../../protocol/error.ts";

export interface HostOptions {
  /** Names by which the server may be addressed; undefined: any, in local mode those of this machine. */
  hosts?: string[] | undefined;
  local: boolean;
  /** The address that the server is bound to. */
  boundTo: string;
}

/**
 * Makes the check that a request is meant for this server. A page whose name was made to point here (DNS rebinding)
 * is same-origin with itself in the browser's eyes: its Host is the only thing that gives it away. Throws
 * `invalid_host`, also for requests that name no host, several, or none that could be one.
 */
export function createHostCheck({ hosts, local, boundTo }: HostOptions): (incoming: IncomingMessage) => void {
  const known = hosts ?? (local ? ["localhost", "127.0.0.1", "[::1]", inUrl(boundTo)] : undefined);
  const allowed = known && new Set(known.map((name) => name.toLowerCase()));
  // Most requests have the Host of the one before.
  let accepted = "";
  return (incoming) => {
    const { host = "" } = incoming.headers;
    if (countHeader(incoming, "host") !== 1) throw new ApiError("invalid_host", "Send one Host header.");
    const target = incoming.url ?? "";
    if (host === accepted && target.startsWith("/")) return;
    const name = hostName(host);
    if (name === null) throw new ApiError("invalid_host", "The Host header names no host.");
    if (!target.startsWith("/") && target !== "*" && !namesHost(target, host)) {
      throw new ApiError("invalid_host", "The address names another host than the Host header.");
    }
    if (allowed && !allowed.has(name)) {
      throw new ApiError(
        "invalid_host",
        "This server does not answer to that name. ZCBOT_HOSTS sets the names that it answers to.",
      );
    }
    accepted = host;
  };
}

/** How often a header was sent; of one that may stand once, Node shows the first. Its name in lower case. */
export function countHeader({ rawHeaders }: IncomingMessage, name: string): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index] ?? "";
    if (raw.length === name.length && raw.toLowerCase() === name) count += 1;
  }
  return count;
}

function inUrl(address: string): string {
  return address.includes(":") && !address.startsWith("[") ? `[${address}]` : address;
}

/** The name in a Host header, in lower case and without its port; null where it is malformed. */
function hostName(host: string): string | null {
  const match = /^([a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i.exec(host);
  return match?.[1] && URL.canParse(`http://${host}`) ? match[1].toLowerCase() : null;
}

/** A proxy's form of request, with the whole address. */
function namesHost(target: string, host: string): boolean {
  if (!/^https?:\/\/[^/?#@]*(?:[/?]|$)/i.test(target) || !URL.canParse(target)) return false;
  return sameHost(new URL(target), host);
}

/** Whether a Host header stands for the host and port of an address, whose scheme says which port goes unsaid. */
export function sameHost(address: URL, host: string): boolean {
  const other = `${address.protocol}//${host}`;
  return URL.canParse(other) && new URL(other).host === address.host;
}
