import { createParser, type EventSourceMessage } from "eventsource-parser";
import { ApiError } from "../protocol/error.ts";
import type { RequestOptions } from "./client.ts";
import { ConnectionError } from "./connection-error.ts";

export interface StreamOptions {
  signal?: AbortSignal;
  /** Told when the connection stands, and when it is lost and tried again. */
  onConnection?: (state: "live" | "lost") => void;
  /** Milliseconds without an event or a lasting connection after which the last failure is thrown; never by default. */
  giveUpAfterMs?: number;
  /** Milliseconds without a byte after which a connection counts as dead: the server says something every 15 s. */
  silenceMs?: number;
}

/** A stream of the server. */
export interface Source<Event> {
  /** Asks for what comes after the event that the options' `Last-Event-ID` names, or for all. */
  open: (options: RequestOptions) => Promise<Response>;
  /**
   * What a message means that came after the one with the id `last`; null if it is known already. Throws where
   * it cannot be the next one.
   */
  read: (message: EventSourceMessage, last: string) => Event | null;
  /** Whether the stream ends with this event. */
  isLast: (event: Event) => boolean;
}

const longestWaitMs = 15_000;

/**
 * The events of a source after the one with the id `after` (empty for all), over as many connections as it takes.
 * Throws what the server refuses for good (ApiError: not found, signed out), and the signal's reason once aborted.
 */
export async function* followStream<Event>(
  source: Source<Event>,
  after: string,
  options: StreamOptions,
): AsyncGenerator<Event, void, undefined> {
  const { signal, onConnection, giveUpAfterMs = Number.POSITIVE_INFINITY } = options;
  let last = after;
  let failures = 0;
  let wellAt = Date.now();
  for (;;) {
    const startedAt = Date.now();
    let failure: unknown = new ConnectionError("The stream of events ended before its time.");
    try {
      for await (const message of readOnce(source, last, options)) {
        const event = source.read(message, last);
        if (event === null) continue;
        last = message.id ?? last;
        failures = 0;
        wellAt = Date.now();
        yield event;
        if (source.isLast(event)) return;
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

/** The messages of one connection, until it ends. Throws when it breaks, is refused or falls silent. */
async function* readOnce<Event>(
  source: Source<Event>,
  last: string,
  { signal, onConnection, silenceMs = 40_000 }: StreamOptions,
): AsyncGenerator<EventSourceMessage, void, undefined> {
  const connection = new AbortController();
  const hangUp = () => connection.abort(new ConnectionError("The stream of events fell silent."));
  let silence = setTimeout(hangUp, silenceMs);
  try {
    const response = await source.open({
      signal: signal ? AbortSignal.any([signal, connection.signal]) : connection.signal,
      ...(last !== "" && { headers: { "Last-Event-ID": last } }),
    });
    if (!response.body || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      throw new ConnectionError("Something other than a zcbot server answered.");
    }
    onConnection?.("live");
    const messages: EventSourceMessage[] = [];
    const parser = createParser({ onEvent: (message) => messages.push(message) });
    const decoder = new TextDecoder();
    for await (const bytes of chunksOf(response.body)) {
      clearTimeout(silence);
      parser.feed(decoder.decode(bytes, { stream: true }));
      // Time that the reader of the events takes is no silence of the server.
      yield* messages.splice(0);
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
