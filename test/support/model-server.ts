import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as readText } from "node:stream/consumers";
import { turnForPrompt } from "./model-prompts.ts";
import type { Turn } from "./model-turn.ts";
import { playTurn } from "./play-turn.ts";
import { anthropicWire } from "./wires/anthropic.ts";
import { chatCompletionsWire } from "./wires/chat-completions.ts";
import { googleWire } from "./wires/google.ts";
import { responsesWire } from "./wires/responses.ts";
import type { Wire } from "./wires/wire.ts";

const wires: Wire[] = [chatCompletionsWire, anthropicWire, googleWire, responsesWire];

/** A request as it came. */
export interface RecordedRequest {
  path: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
  /** Monotonic milliseconds at which the client closed before the end of the answer; null if it took it all. */
  closedEarly: Promise<number | null>;
}

export type TurnHandler = (request: RecordedRequest, index: number) => Turn | Promise<Turn>;

/**
 * A scripted model on loopback, speaking the providers' wires: the only fake of the tests, and the
 * bench's upstream. Each request takes the next scripted turn, else the handler's, else what its last
 * user message asks for (model-prompts.ts).
 */
export interface ModelServer {
  /** The base address of all wires, ending in `/v1`. */
  url: string;
  requests: RecordedRequest[];
  script(...turns: Turn[]): void;
  handle(handler: TurnHandler): void;
  /** Resolves to the request with this index, once it has come. */
  request(index: number): Promise<RecordedRequest>;
  /** Forgets requests, script and handler; the next request has index 0. */
  reset(): void;
  close(): Promise<void>;
}

/** Starts a scripted model server. `record: false` keeps no requests, for long measurements. */
export async function startModelServer({ port = 0, record = true } = {}): Promise<ModelServer> {
  const script: Turn[] = [];
  const requests: RecordedRequest[] = [];
  const waiting = new Map<number, (request: RecordedRequest) => void>();
  let handler: TurnHandler | undefined;
  let count = 0;

  const http = createServer(async (incoming, response) => {
    const wire = wires.find(({ matches }) => matches(new URL(incoming.url ?? "/", "http://x").pathname));
    const body = JSON.parse((await readText(incoming)) || "{}") as Record<string, unknown>;
    if (!wire) return void response.writeHead(404).end("no such wire");
    const index = count++;
    const request: RecordedRequest = {
      path: incoming.url ?? "",
      headers: incoming.headers,
      body,
      closedEarly: closedEarly(response),
    };
    if (record) requests.push(request);
    waiting.get(index)?.(request);
    waiting.delete(index);
    const turn =
      script.shift() ?? (await handler?.(request, index)) ?? turnForPrompt(wire.readConversation(body));
    playTurn(turn, wire, body, response);
  });
  http.listen(port, "127.0.0.1");
  await once(http, "listening");

  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/v1`,
    requests,
    script: (...turns) => void script.push(...turns),
    handle(next) {
      handler = next;
    },
    request(index) {
      const come = requests[index];
      return come ? Promise.resolve(come) : new Promise((resolve) => waiting.set(index, resolve));
    },
    reset() {
      script.length = 0;
      requests.length = 0;
      waiting.clear();
      handler = undefined;
      count = 0;
    },
    async close() {
      const closed = once(http, "close");
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
}

function closedEarly(response: ServerResponse): Promise<number | null> {
  return new Promise((resolve) => {
    response.on("close", () => resolve(response.writableFinished ? null : performance.now()));
  });
}

if (import.meta.main) {
  const port = Number(process.argv[process.argv.indexOf("--port") + 1] ?? 0);
  const server = await startModelServer({ port, record: false });
  console.log(`scripted model server on ${server.url}`);
}
