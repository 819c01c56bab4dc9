import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { parseDestination } from "./host-pattern.ts";
import { findRoute, openConnection, type ReachPolicy } from "./route.ts";

/** A `fetch` with connections of its own. */
export interface SteadyFetch {
  fetch(url: string | URL, init?: RequestInit): Promise<Response>;
  /** Ends its idle connections. */
  close(): void;
}

/**
 * A `fetch` for conversations with one server: connections are kept, answers may stay silent as long as they like,
 * redirects are given as they are, bodies are texts. With `reach` every address is judged, at each connection, before
 * it is connected to: only public ones are reached, on whichever port.
 */
export function createSteadyFetch(reach: Omit<ReachPolicy, "allow"> | undefined): SteadyFetch {
  const options = { keepAlive: true, maxSockets: 32 };
  const agents = { http: new HttpAgent(options), https: new HttpsAgent(options) };
  if (reach) {
    judge(agents.http, reach, 80);
    judge(agents.https, reach, 443);
  }
  return {
    async fetch(url, init = {}) {
      const target = new URL(url);
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
      const isSecure = target.protocol === "https:";
      const send = isSecure ? requestHttps : requestHttp;
      const request = send(
        target,
        {
          method: init.method ?? "GET",
          headers: Object.fromEntries(new Headers(init.headers)),
          agent: isSecure ? agents.https : agents.http,
          ...(init.signal && { signal: init.signal }),
        },
        resolve,
      );
      // Also what comes after the answer has begun: its body is broken off by then.
      request.on("error", reject);
      request.end(typeof init.body === "string" ? init.body : undefined);
      return toResponse(await promise);
    },
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

const withoutBody = new Set([204, 205, 304]);

function toResponse(answer: IncomingMessage): Response {
  const { statusCode: status = 500, statusMessage: statusText = "" } = answer;
  const headers = new Headers();
  for (let index = 0; index + 1 < answer.rawHeaders.length; index += 2) {
    headers.append(answer.rawHeaders[index] ?? "", answer.rawHeaders[index + 1] ?? "");
  }
  if (withoutBody.has(status)) {
    answer.resume();
    return new Response(null, { status, statusText, headers });
  }
  const body = Readable.toWeb(answer) as NodeReadableStream<Uint8Array>;
  return new Response(body as ReadableStream<Uint8Array>, { status, statusText, headers });
}

interface Target {
  host?: string | null | undefined;
  port?: string | number | null | undefined;
}

/** Lets the agent connect to judged addresses only; TLS is spoken over such a connection. */
function judge(agent: HttpAgent, reach: Omit<ReachPolicy, "allow">, usualPort: number): void {
  const speakTls = agent.createConnection.bind(agent);
  agent.createConnection = (target, connected) => {
    connect(reach, target, usualPort).then(
      (socket) =>
        connected?.(
          null,
          agent instanceof HttpsAgent ? (speakTls({ ...target, socket } as Target) as Socket) : socket,
        ),
      (error) => connected?.(error, undefined as never),
    );
    return undefined;
  };
}

async function connect(
  reach: Omit<ReachPolicy, "allow">,
  { host, port }: Target,
  usual: number,
): Promise<Socket> {
  const name = host?.includes(":") && !host.startsWith("[") ? `[${host}]` : (host ?? "");
  const destination = parseDestination(`${name}:${port ?? usual}`);
  if (!destination) throw new Error(`${name} is no name of a public host.`);
  const policy = { ...reach, allow: [{ kind: "any" as const, host: "", port: destination.port }] };
  const route = await findRoute(policy, destination, AbortSignal.timeout(30_000));
  if ("sentence" in route) throw new Error(route.sentence);
  return openConnection(policy, route);
}
