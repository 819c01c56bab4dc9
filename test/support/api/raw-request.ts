import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";

/** A request whose path goes over the wire as it is written: `fetch` would tidy it first. */
export interface RawRequest {
  method: string;
  path: string;
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer;
}

export interface RawReply {
  status: number;
  headers: IncomingHttpHeaders;
  /** The body; of a stream of events what came within `streamMs`. */
  body: Buffer;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Sends a request to the server at `url` and reads the answer; rejects where the connection breaks. */
export function sendRaw(
  url: string,
  sent: RawRequest,
  { streamMs = 0, signal }: { streamMs?: number; signal?: AbortSignal } = {},
): Promise<RawReply> {
  const { hostname, port } = new URL(url);
  const { method, path, body } = sent;
  const headers = {
    ...sent.headers,
    ...(body !== undefined && { "Content-Length": Buffer.byteLength(body) }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, hostname, port, method, path, headers, signal }, (incoming) => {
      const { statusCode: status = 0, headers } = incoming;
      const chunks: Buffer[] = [];
      const finish = (): void => resolve({ status, headers, body: Buffer.concat(chunks) });
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", finish);
      incoming.on("error", reject);
      if (!headers["content-type"]?.startsWith("text/event-stream")) return;
      setTimeout(() => {
        incoming.removeListener("error", reject);
        incoming.on("error", () => {});
        incoming.destroy();
        finish();
      }, streamMs);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
