import { StringDecoder } from "node:string_decoder";
import { createParser, type EventSourceParser } from "eventsource-parser";
import { type Callee, cleanMessage, explainFault, readRetryAfter } from "../failure.ts";
import { readFaultBody } from "../fault-body.ts";
import { type Model, ModelError, type ModelReply } from "../model.ts";
import { type Answer, post, readBeginning } from "../post.ts";
import { type AnswerCollector, brokenOffReasons, createAnswerCollector } from "./answer-collector.ts";
import { buildRequestBody, type RequestStyle } from "./request-body.ts";

export interface ChatModelOptions {
  style: RequestStyle;
  /** The base address; `/chat/completions` is added to its path. */
  baseUrl: string;
  headers: Record<string, string>;
  callee: Callee;
  stallMs: number;
}

/** A model behind OpenAI's `/chat/completions`, as dozens of providers speak it. */
export function createChatModel(options: ChatModelOptions): Model {
  const { style, callee, stallMs } = options;
  const url = new URL(options.baseUrl);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/chat/completions`;
  const headers = {
    accept: "text/event-stream",
    "content-type": "application/json",
    "user-agent": "zcbot",
    ...options.headers,
  };
  return {
    id: style.model,
    async call(request, onDelta, signal) {
      const body = buildRequestBody(request, style);
      const answer = await post({ url, headers, body, stallMs, signal, callee });
      if (answer.status !== 200) throw await explainStatus(answer, callee, signal);
      const collector = createAnswerCollector(new Set(request.tools.map((tool) => tool.name)), onDelta);
      const { complete } = await readAnswer(answer, collector, callee);
      return finish(collector, complete, options);
    },
  };
}

async function explainStatus(answer: Answer, callee: Callee, signal: AbortSignal): Promise<ModelError> {
  const said = readFaultBody(await readBeginning(answer));
  signal.throwIfAborted();
  const retryAfterMs = readRetryAfter(answer.headers) ?? said.retryAfterMs;
  return explainFault({ ...said, status: answer.status, retryAfterMs }, callee);
}

/** How long to wait for usage and the end once the model has said why it stopped, milliseconds. */
const patienceAfterFinish = 5_000;
const maxEventLength = 16 * 2 ** 20;
const maxWholeLength = 16 * 2 ** 20;

/**
 * Reads the body into the collector. Its first character tells what it is, for content types lie: a JSON
 * object is a whole answer or an error, a web page is a wrong address, all else is an event stream.
 */
async function readAnswer(
  answer: Answer,
  collector: AnswerCollector,
  callee: Callee,
): Promise<{ complete: boolean }> {
  const decoder = new StringDecoder("utf8");
  const stream = createStream(collector, callee);
  let kind: "unknown" | "stream" | "whole" = "unknown";
  let held = "";
  let patient = true;
  const take = (text: string) => {
    if (kind === "stream") return stream.feed(text);
    held += text;
    if (kind === "unknown") {
      const first = /[^\s\uFEFF]/.exec(held)?.[0];
      if (first === undefined) return;
      kind = /[{[<]/.test(first) ? "whole" : "stream";
    }
    if (kind === "stream") stream.feed(held);
    else if (held.length > maxWholeLength) throw malformed(callee, "It never ends.");
  };
  const done = answer.read((bytes) => {
    take(decoder.write(bytes));
    collector.flush();
    if (patient && collector.finishReason() !== undefined) {
      patient = false;
      answer.expectEndWithin(patienceAfterFinish);
    }
  });
  try {
    // After the last word nothing is expected: the connection finishes by itself and is used again.
    await Promise.race([done, stream.done]);
  } catch (error) {
    // What comes after the reason to stop is of no importance, however it breaks.
    const broken = error instanceof ModelError && error.code !== "model_malformed";
    if (!(broken && collector.finishReason() !== undefined)) throw error;
  }
  done.catch(() => {});
  if (kind === "whole") readWhole(held, collector, callee);
  else if (!stream.isDone()) stream.end();
  collector.flush();
  return { complete: kind === "whole" || stream.isDone() || collector.finishReason() !== undefined };
}

interface Stream {
  feed(text: string): void;
  /** Takes an event whose closing blank line never came; half of one is as if it were not there. */
  end(): void;
  /** Resolves at the last word, `[DONE]`. */
  done: Promise<void>;
  isDone(): boolean;
}

function createStream(collector: AnswerCollector, callee: Callee): Stream {
  const last = Promise.withResolvers<void>();
  let done = false;
  let ended = false;
  const onEvent = (data: string) => {
    if (done || data === "") return;
    if (data === "[DONE]") {
      done = true;
      last.resolve();
      return;
    }
    const chunk = parseChunk(data);
    if (chunk === undefined && ended) return;
    if (chunk === undefined) throw malformed(callee, data);
    const fault = collector.add(chunk);
    if (fault) throw explainFault(fault, callee);
  };
  const parser: EventSourceParser = createParser({
    maxBufferSize: maxEventLength,
    onEvent: ({ data }) => onEvent(data.trim()),
    onError({ type, line }) {
      if (type === "max-buffer-size-exceeded") throw malformed(callee, "A chunk never ends.");
      // An error that a gateway wrote into the stream as it is.
      if (line?.startsWith("{")) onEvent(line);
    },
  });
  return {
    feed: (text) => parser.feed(text),
    end() {
      ended = true;
      parser.feed("\n\n");
    },
    done: last.promise,
    isDone: () => done,
  };
}

function parseChunk(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

function readWhole(text: string, collector: AnswerCollector, callee: Callee): void {
  const whole = parseChunk(text.replace(/^\s*\uFEFF?/, ""));
  if (whole === undefined) {
    const { message } = readFaultBody(text);
    throw malformed(callee, message ?? text);
  }
  const fault = collector.add(whole);
  if (fault) throw explainFault(fault, callee);
}

function malformed({ provider, secrets }: Callee, what: string): ModelError {
  const shown = cleanMessage(what.slice(0, 200), secrets);
  return new ModelError("model_malformed", `The answer of ${provider} cannot be read: ${shown}`, {
    retryable: true,
  });
}

/** The reply, if the provider has said all of it. */
function finish(
  collector: AnswerCollector,
  complete: boolean,
  { style, callee }: ChatModelOptions,
): ModelReply {
  const { provider } = callee;
  if (!complete) {
    const text = `${provider} closed the connection in the middle of its answer.`;
    throw new ModelError("model_connection", text, { retryable: true });
  }
  if (brokenOffReasons.has(collector.finishReason() ?? "")) {
    const text = `${provider} broke its answer off (${collector.finishReason()}).`;
    throw new ModelError("model_unavailable", text, { retryable: true });
  }
  const reply = collector.reply();
  if (reply.toolCalls.some((call) => call.function.name === "")) {
    throw malformed(callee, "A tool call without a name.");
  }
  const kept = style.sendReasoning === "never" ? undefined : collector.kept();
  return kept ? { ...reply, providerData: { [style.dataKey]: kept } } : reply;
}
