import { createParser } from "eventsource-parser";
import { ApiError } from "../protocol/error.ts";
import { endsRun, type NumberedEvent } from "../protocol/event.ts";
import type { Client } from "./client.ts";
import { ConnectionError } from "./connection-error.ts";

export interface FollowOptions {
  /** The last event already known; 0 (the default) for all from the first. */
  after?: number;
  signal?: AbortSignal;
  /** Told when the connection stands, and when it is lost and tried again. */
  onConnection?: (state: "live" | "lost") => void;
  /** Milliseconds without an event or a lasting connection after which the last failure is thrown; never by default. */
  giveUpAfterMs?: number;
  /** Milliseconds without a byte after which a connection counts as dead: the server says something every 15 s. */
  silenceMs?: number;
}

const longestWaitMs = 15_000;

/**
 * Every event of a run, each exactly once and in order, to its last one (`done` or `error`), over as many
 * connections as it takes. Throws what the server refuses for good (ApiError: not found, signed out), and the
 * signal's reason once aborted.
 */
export async function* followRun(
  client: Pick<Client, "runEvents">,
  taskId: string,
  runId: string,
  options: FollowOptions = {},
): AsyncGenerator<NumberedEvent, void, undefined> {
  const { signal, onConnection, giveUpAfterMs = Number.POSITIVE_INFINITY } = options;
  const ids = { task_id: taskId, run_id: runId };
  let last = options.after ?? 0;
  let failures = 0;
  let wellAt = Date.now();
  for (;;) {
    const startedAt = Date.now();
    let failure: unknown = new ConnectionError("The stream of events ended before the run did.");
    try {
      for await (const event of readOnce(client, ids, last, options)) {
        if (event.seq <= last) continue;
        if (event.seq !== last + 1) throw new ConnectionError("The stream of events has a gap.");
        last = event.seq;
        failures = 0;
        wellAt = Date.now();
        yield event;
        if (endsRun(event.type)) return;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (isFinal(error)) throw error;
      failure = error;
    }
    // What stood for a while was well: proxies like to cut connections on which little is said.
    if (Date.now() - startedAt > longestWaitMs) {
      failures = 0;
      wellAt = Date.now();
    }
    if (Date.now() - wellAt >= giveUpAfterMs) throw failure;
    onConnection?.("lost");
    failures += 1;
    await wait(pauseBefore(failures, failure), signal);
  }
}

/** The events of one connection, until it ends. Throws when it breaks, is refused or falls silent. */
async function* readOnce(
  client: Pick<Client, "runEvents">,
  ids: { task_id: string; run_id: string },
  after: number,
  { signal, onConnection, silenceMs = 40_000 }: FollowOptions,
): AsyncGenerator<NumberedEvent, void, undefined> {
  const connection = new AbortController();
  const hangUp = () => connection.abort(new ConnectionError("The stream of events fell silent."));
  let silence = setTimeout(hangUp, silenceMs);
  try {
    const response = await client.runEvents(ids, undefined, {
      signal: signal ? AbortSignal.any([signal, connection.signal]) : connection.signal,
      ...(after > 0 && { headers: { "Last-Event-ID": String(after) } }),
    });
    if (!response.body || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      throw new ConnectionError("Something other than a zcbot server answered.");
    }
    onConnection?.("live");
    const events: NumberedEvent[] = [];
    const parser = createParser({
      onEvent: ({ id, event, data }) => events.push({ seq: Number(id), type: event, ...JSON.parse(data) }),
    });
    const decoder = new TextDecoder();
    for await (const bytes of chunksOf(response.body)) {
      clearTimeout(silence);
      parser.feed(decoder.decode(bytes, { stream: true }));
      // Time that the reader of the events takes is no silence of the server.
      yield* events.splice(0);
      silence = setTimeout(hangUp, silenceMs);
    }
  } finally {
    clearTimeout(silence);
    connection.abort();
  }
}

/** Not every browser lets a stream be iterated. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** What the server will say again however often it is asked. */
function isFinal(error: unknown): boolean {
  return error instanceof ApiError && error.status < 500 && error.code !== "rate_limited";
}

/** Milliseconds: 0.25 s and twice as long each time, less a random part so that clients do not come all at once. */
function pauseBefore(attempt: number, failure: unknown): number {
  const asked = failure instanceof ApiError ? (failure.retryAfter ?? 0) * 1000 : 0;
  const backOff = Math.min(longestWaitMs, 250 * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
  return Math.max(asked, backOff);
}

function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
