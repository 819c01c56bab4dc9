import { StringDecoder } from "node:string_decoder";
import { createParser } from "eventsource-parser";
import { type Callee, explainFault, explainMalformed } from "../failure.ts";
import { readFaultBody } from "../fault-body.ts";
import { ModelError } from "../model.ts";
import type { Answer } from "../post.ts";
import type { AnswerCollector } from "./answer-collector.ts";

/** How long to wait for usage and the end once the model has said why it stopped, milliseconds. */
const patienceAfterFinish = 5_000;
const maxEventLength = 16 * 2 ** 20;
const maxWholeLength = 16 * 2 ** 20;

/**
 * Reads the body into the collector. Its first character tells what it is, for content types lie: a JSON
 * object is a whole answer or an error, a web page is a wrong address, all else is an event stream.
 * `complete` says whether the provider finished it. Throws ModelErrors, or the signal's reason.
 */
export async function readAnswer(
  answer: Answer,
  collector: AnswerCollector,
  callee: Callee,
): Promise<{ complete: boolean }> {
  const decoder = new StringDecoder("utf8");
  const stream = createStream(collector, callee);
  const body: { kind: "unknown" | "stream" | "whole" } = { kind: "unknown" };
  let held = "";
  let patient = true;
  const take = (text: string) => {
    if (body.kind === "stream") return stream.feed(text);
    held += text;
    if (body.kind === "unknown") {
      const first = /[^\s\uFEFF]/.exec(held)?.[0];
      if (first === undefined) return;
      body.kind = /[{[<]/.test(first) ? "whole" : "stream";
    }
    if (body.kind === "stream") stream.feed(held);
    else if (held.length > maxWholeLength) throw explainMalformed(callee, "It never ends.");
  };
  const done = answer.read((bytes) => {
    try {
      take(decoder.write(bytes));
    } finally {
      collector.flush();
    }
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
    const broken = error instanceof ModelError && /^model_(connection|stalled)$/.test(error.code);
    if (!broken || collector.finishReason() === undefined) throw error;
  }
  done.catch(() => {});
  if (body.kind === "whole") readWhole(held, collector, callee);
  else if (!stream.isDone()) stream.end();
  collector.flush();
  return { complete: body.kind === "whole" || stream.isDone() || collector.finishReason() !== undefined };
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
    if (chunk === undefined) throw explainMalformed(callee, data);
    const fault = collector.add(chunk);
    if (fault) throw explainFault(fault, callee);
  };
  const parser = createParser({
    maxBufferSize: maxEventLength,
    onEvent: ({ data }) => onEvent(data.trim()),
    onError({ type, line }) {
      if (type === "max-buffer-size-exceeded") throw explainMalformed(callee, "A chunk never ends.");
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
    const { message = text } = readFaultBody(text);
    throw explainMalformed(callee, `${message}. Is the base URL right?`);
  }
  const fault = collector.add(whole);
  if (fault) throw explainFault(fault, callee);
}
