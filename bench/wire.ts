import { Agent, type IncomingMessage, request as send } from "node:http";

const sharedAgent = new Agent({ keepAlive: true, maxSockets: 1_000 });

/** Lets go of idle connections: one that its server closes this instant must not be used again. */
export function forgetConnections(): void {
  sharedAgent.destroy();
}

export interface Call {
  method?: string;
  headers?: Record<string, string>;
  json?: unknown;
  signal?: AbortSignal;
  /** Its own pool of connections, for what would keep those of all others waiting. */
  agent?: Agent;
}

/** The cheapest client Node has, the same for both sides of every comparison. */
export function call(
  url: string,
  { method, headers, json, signal, agent = sharedAgent }: Call = {},
): Promise<IncomingMessage> {
  const body = json === undefined ? undefined : JSON.stringify(json);
  return new Promise((resolve, reject) => {
    const outgoing = send(
      url,
      {
        agent,
        method: method ?? (body === undefined ? "GET" : "POST"),
        headers: {
          ...headers,
          ...(body !== undefined && {
            "Content-Type": "application/json",
            "Content-Length": Buffer.byteLength(body),
          }),
        },
        ...(signal && { signal }),
      },
      resolve,
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** The whole body as text. */
export async function text(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export async function json<T>(response: IncomingMessage): Promise<T> {
  return JSON.parse(await text(response)) as T;
}

/** Calls `onFrame` with each frame of an event stream until it ends. */
export async function frames(response: IncomingMessage, onFrame: (frame: string) => void): Promise<void> {
  let rest = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    const parts = (rest + chunk).split("\n\n");
    rest = parts.pop() ?? "";
    for (const part of parts) onFrame(part);
  }
}
