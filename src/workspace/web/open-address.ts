import { type ClientRequest, type IncomingMessage, request as openRequest } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { connect as connectTls } from "node:tls";
import { createBrotliDecompress, createGunzip } from "node:zlib";
import { type Destination, parseDestination } from "../network/host-pattern.ts";
import { describeFailure, findRoute, openConnection, type ReachPolicy } from "../network/route.ts";

/** How the web is reached; `ca` are more authorities whose certificates count. */
export interface WebAccess extends ReachPolicy {
  ca?: string;
}

/** An answer whose body has not been read yet. The reader has to read it to its end or destroy it. */
export interface WebAnswer {
  url: URL;
  status: number;
  /** In lower case, without parameters; "" where none was given. */
  mediaType: string;
  charset: string | undefined;
  /** What the answer says the file is called. */
  fileName: string | undefined;
  /** As it was before it was packed for the way. */
  body: Readable;
}

/** No answer, and why, as a sentence that says what to do; `redirect` leads to a host that nobody has allowed. */
export type WebRefusal = { refusal: string } | { redirect: URL };

const maxRedirects = 5;
/** Silence after which a connection is given up, milliseconds. */
const silenceMs = 20_000;
/** What is asked for: pages as they are shown, in any form that can be made text. */
const requestHeaders = {
  Accept: "text/html,application/xhtml+xml,text/markdown,application/json,text/*;q=0.9,*/*;q=0.5",
  "Accept-Encoding": "gzip, br",
  "User-Agent": "Mozilla/5.0 (compatible; zcbot)",
};

/**
 * An http or https address in its one spelling, without a fragment, and where it leads; a sentence where it is none that can be opened.
 */
export function parseAddress(text: string): { url: URL; destination: Destination } | { refusal: string } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    return { refusal: "The address must be a whole one, such as https://example.com/page." };
  }
  if (url.username !== "" || url.password !== "") {
    return { refusal: "The address must not hold a name or password." };
  }
  url.hash = "";
  const destination = parseDestination(url.host, url.protocol === "https:" ? 443 : 80);
  return destination
    ? { url, destination }
    : { refusal: `${url.hostname} is a local name; only public hosts can be opened.` };
}

/**
 * Asks for an address. Redirects are followed, 5 at most, to the host itself and where `mayFollow` says so, each judged
 * as the first. Rejects with the signal's reason, and for nothing else.
 */
export async function openAddress(
  access: WebAccess,
  address: string,
  mayFollow: (url: URL) => boolean,
  signal: AbortSignal,
): Promise<WebAnswer | WebRefusal> {
  let wanted = address;
  for (let count = 0; count <= maxRedirects; count++) {
    const parsed = parseAddress(wanted);
    if ("refusal" in parsed) return parsed;
    const { url } = parsed;
    const answer = await ask(access, parsed, signal);
    if ("refusal" in answer) return answer;
    const location = redirectOf(answer);
    if (location === undefined) return toAnswer(answer, url, signal);
    answer.destroy();
    if (!URL.canParse(location, url.href))
      return { refusal: `${url.host} redirects to an address that is none.` };
    const next = new URL(location, url);
    if (!isSameHost(url, next) && !mayFollow(next)) return { redirect: next };
    wanted = next.href;
  }
  return { refusal: `The address redirects more than ${maxRedirects} times.` };
}

function redirectOf({ statusCode = 0, headers }: IncomingMessage): string | undefined {
  return [301, 302, 303, 307, 308].includes(statusCode) ? headers.location : undefined;
}

/** `www.` is the same host to whoever allowed it. */
function isSameHost(one: URL, other: URL): boolean {
  const bare = ({ hostname }: URL) => hostname.replace(/^www\./, "");
  return bare(one) === bare(other);
}

async function ask(
  access: WebAccess,
  { url, destination }: { url: URL; destination: Destination },
  signal: AbortSignal,
): Promise<IncomingMessage | { refusal: string }> {
  const route = await findRoute(access, destination, signal);
  signal.throwIfAborted();
  if ("status" in route) return { refusal: route.sentence };
  const plain = openConnection(access, route);
  const socket =
    url.protocol === "http:"
      ? plain
      : connectTls({
          socket: plain,
          ALPNProtocols: ["http/1.1"],
          ...(!route.literal && { servername: route.host }),
          ...(access.ca !== undefined && { ca: access.ca }),
        });
  const end = (): void => {
    plain.destroy();
    socket.destroy();
  };
  signal.addEventListener("abort", end, { once: true });
  plain.once("close", () => signal.removeEventListener("abort", end));
  plain.on("error", end).setTimeout(silenceMs, end);
  const request = openRequest({
    createConnection: () => socket,
    path: `${url.pathname}${url.search}`,
    headers: { Host: url.host, ...requestHeaders, Connection: "close" },
  });
  request.end();
  try {
    const answer = await answerTo(request);
    // An answer that breaks off is told by its reader.
    request.on("error", () => {});
    answer.once("close", end);
    return answer;
  } catch (error) {
    end();
    signal.throwIfAborted();
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (/CERT|SELF_SIGNED|ALTNAME|VERIFY/.test(code)) {
      return { refusal: `${url.host} has no certificate that can be trusted (${code}).` };
    }
    return { refusal: describeFailure(destination).sentence };
  }
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve).once("error", reject);
    // An answer of 101, which nobody asked for, is neither.
    request.once("close", () => reject(new Error("No answer.")));
  });
}

function toAnswer(message: IncomingMessage, url: URL, signal: AbortSignal): WebAnswer {
  const { headers, statusCode: status = 0 } = message;
  const [mediaType = "", ...parameters] = (headers["content-type"] ?? "")
    .split(";")
    .map((part) => part.trim());
  const charset = parameters.map((each) => /^charset="?([^"]+)"?$/i.exec(each)?.[1]).find(Boolean);
  return {
    url,
    status,
    mediaType: mediaType.toLowerCase(),
    charset,
    fileName: fileNameOf(headers["content-disposition"] ?? ""),
    body: unpack(message, signal),
  };
}

function unpack(message: IncomingMessage, signal: AbortSignal): Readable {
  const coding = (message.headers["content-encoding"] ?? "").trim().toLowerCase();
  const unpacker =
    coding === "gzip" || coding === "x-gzip"
      ? createGunzip()
      : coding === "br"
        ? createBrotliDecompress()
        : undefined;
  if (!unpacker) return message;
  // What goes wrong reaches the reader as an error of what it reads.
  pipeline(message, unpacker, { signal }).catch(() => {});
  return unpacker;
}

/** RFC 6266: the name in its extended form, else the plain one, whose bytes are often UTF-8. */
function fileNameOf(disposition: string): string | undefined {
  const extended = /filename\*\s*=\s*utf-8''([^;]+)/i.exec(disposition)?.[1];
  if (extended !== undefined) {
    try {
      return decodeURIComponent(extended.trim());
    } catch {
      // then the plain one
    }
  }
  const [, quoted, bare] = /filename\s*=\s*(?:"([^"]*)"|([^;]+))/i.exec(disposition) ?? [];
  const name = quoted ?? bare?.trim();
  return name === undefined ? undefined : Buffer.from(name, "latin1").toString("utf8");
}
