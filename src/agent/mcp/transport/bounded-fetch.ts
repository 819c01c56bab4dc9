import type { SteadyFetch } from "../../../workspace/network/steady-fetch.ts";
import { type FloodGuard, McpFlood } from "./flood-guard.ts";

/** How often a server may make its client open a stream anew: so often at once, and then once in so many milliseconds. */
const burstStreams = 40;
const streamGapMs = 200;

/**
 * The `fetch` of one session: what comes is counted by `guard`, and what answers a request that was cancelled meanwhile is
 * broken off. `onFlood` is told once it is too much.
 */
export function boundFetch(
  fetch: SteadyFetch["fetch"],
  guard: FloodGuard,
  onFlood: (error: Error) => void,
): SteadyFetch["fetch"] {
  const open = new Map<unknown, AbortController>();
  let streams = burstStreams;
  let streamsAt = performance.now();
  return async (url, init = {}) => {
    if (init.method === "GET") {
      const time = performance.now();
      streams = Math.min(burstStreams, streams + (time - streamsAt) / streamGapMs) - 1;
      streamsAt = time;
      if (streams < 0) throw new Error("it ends its streams again and again");
    }
    const message = readMessage(init.body);
    if (message?.method === "notifications/cancelled") open.get(message.params?.requestId)?.abort();
    if (message?.method === undefined || message.id === undefined) {
      return countBody(await fetch(url, init), guard, onFlood);
    }
    const { id } = message;
    const controller = new AbortController();
    open.set(id, controller);
    const forget = (): void => void open.delete(id);
    try {
      const signal = init.signal ? AbortSignal.any([init.signal, controller.signal]) : controller.signal;
      return countBody(await fetch(url, { ...init, signal }), guard, onFlood, forget);
    } catch (error) {
      forget();
      throw error;
    }
  };
}

interface SentMessage {
  id?: unknown;
  method?: string;
  params?: { requestId?: unknown };
}

function readMessage(body: RequestInit["body"]): SentMessage | undefined {
  return typeof body === "string" ? JSON.parse(body) : undefined;
}

function countBody(
  response: Response,
  guard: FloodGuard,
  onFlood: (error: Error) => void,
  onEnd: () => void = () => {},
): Response {
  if (!response.body) {
    onEnd();
    return response;
  }
  const isStream = response.headers.get("content-type")?.includes("text/event-stream") ?? false;
  const reader = response.body.getReader();
  let open = 0;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { value, done } = await reader.read();
        if (done) {
          onEnd();
          controller.close();
          return;
        }
        const { events, rest } = isStream ? countEvents(value) : { events: 0, rest: value.length };
        open = events === 0 ? open + value.length : rest;
        for (let count = 0; count < events; count++) guard.message();
        guard.bytes(value.length, open);
        controller.enqueue(value);
      } catch (error) {
        onEnd();
        reader.cancel().catch(() => {});
        if (error instanceof McpFlood) onFlood(error);
        controller.error(error);
      }
    },
    async cancel(reason) {
      onEnd();
      await reader.cancel(reason);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(stream, { status, statusText, headers });
}

/** How many events end in it, each by an empty line, and how much follows the last; a line end that is cut apart is missed. */
function countEvents(bytes: Uint8Array): { events: number; rest: number } {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const ends = [...text.matchAll(/\n\r?\n/g)];
  const last = ends.at(-1);
  return { events: ends.length, rest: last ? text.length - last.index : text.length };
}
