import {
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestHttp,
} from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { type Callee, explainConnection, explainStall } from "./failure.ts";
import { ModelError } from "./model.ts";

/*
 * node:http rather than fetch: measured on streams of 200 chunks, 28 ms of CPU per 1,000 chunks against
 * 46, and 0.2 ms per small request against 0.5.
 */
/*
 * Many servers close idle connections after 5 s, and a request sent in that moment fails: ours are closed
 * before. On a connection at work the timeout has no effect.
 */
const agentOptions = { keepAlive: true, timeout: 4_000 };
const httpAgent = new HttpAgent(agentOptions);
const httpsAgent = new HttpsAgent(agentOptions);

export interface Post {
  url: URL;
  headers: Record<string, string>;
  body: string;
  /** Silence after which the call fails, milliseconds; it counts from the start, before the headers too. */
  stallMs: number;
  signal: AbortSignal;
  callee: Callee;
}

/** An answer whose body is still to come. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Calls back with each piece as it comes; resolves at the end, rejects as `post` does. To be called once. */
  read(onBytes: (bytes: Buffer) => void): Promise<void>;
  /** From now on, this silence is enough. */
  expectEndWithin(milliseconds: number): void;
  /** Closes the connection. */
  close(): void;
}

/**
 * Sends a request and resolves at the answer's headers. Rejects with a ModelError (`model_connection`,
 * `model_stalled`) or, its socket closed, with the signal's reason.
 */
export function post(call: Post): Promise<Answer> {
  const { url, signal, callee } = call;
  if (signal.aborted) return Promise.reject(signal.reason);
  const secure = url.protocol === "https:";
  const outgoing = (secure ? requestHttps : requestHttp)(url, {
    method: "POST",
    agent: secure ? httpsAgent : httpAgent,
    headers: { ...call.headers, "content-length": Buffer.byteLength(call.body) },
  });
  let incoming: IncomingMessage | undefined;
  // A stream can only be destroyed with an Error; `explain` then finds the signal's reason.
  const fail = (error: Error) => (incoming ?? outgoing).destroy(error);
  const watch = watchSilence(call.stallMs, (silentMs) => fail(explainStall(silentMs, callee)));
  const onAbort = () => fail(new Error("aborted"));
  signal.addEventListener("abort", onAbort, { once: true });
  outgoing.once("close", () => {
    watch.end();
    signal.removeEventListener("abort", onAbort);
  });
  return new Promise((resolve, reject) => {
    outgoing.on("error", (error) => reject(explain(error, call)));
    outgoing.once("response", (response) => {
      incoming = response;
      // Until somebody reads, an error must not be an uncaught one.
      response.on("error", () => {});
      watch.refresh();
      resolve(createAnswer(call, response, watch));
    });
    outgoing.end(call.body);
  });
}

function explain(error: unknown, { signal, url, callee }: Post): unknown {
  if (signal.aborted) return signal.reason;
  return error instanceof ModelError ? error : explainConnection(error, url.host, callee);
}

interface Watch {
  refresh(): void;
  expectEndWithin(milliseconds: number): void;
  end(): void;
}

function watchSilence(stallMs: number, onSilence: (silentMs: number) => void): Watch {
  let timer = setTimeout(onSilence, stallMs, stallMs);
  return {
    refresh: () => void timer.refresh(),
    expectEndWithin(milliseconds) {
      if (milliseconds >= stallMs) return;
      clearTimeout(timer);
      timer = setTimeout(onSilence, milliseconds, milliseconds);
    },
    end: () => clearTimeout(timer),
  };
}

function createAnswer(call: Post, response: IncomingMessage, watch: Watch): Answer {
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    read: (onBytes) =>
      new Promise((resolve, reject) => {
        const fail = (error: unknown) => reject(explain(error, call));
        response.on("data", (bytes: Buffer) => {
          watch.refresh();
          try {
            onBytes(bytes);
          } catch (error) {
            response.destroy();
            reject(error);
          }
        });
        response.on("error", fail);
        response.on("end", resolve);
        response.on("close", () => fail(new Error("closed")));
        if (response.errored) fail(response.errored);
      }),
    expectEndWithin: (milliseconds) => watch.expectEndWithin(milliseconds),
    close: () => void response.destroy(),
  };
}

const maxTextBytes = 64 * 1024;

/** The beginning of the body as text, enough of it for an error message; whatever breaks, what had come by then. */
export async function readBeginning(answer: Answer): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  answer.expectEndWithin(5_000);
  await answer
    .read((bytes) => {
      pieces.push(bytes);
      size += bytes.length;
      if (size > maxTextBytes) answer.close();
    })
    .catch(() => {});
  return Buffer.concat(pieces).subarray(0, maxTextBytes).toString();
}
