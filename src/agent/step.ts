import { setTimeout as wait } from "node:timers/promises";
import { cleanText } from "../protocol/text.ts";
import type { AgentOutcome, AgentSink, PlanRetry } from "./agent.ts";
import { type Model, ModelError, type ModelReply, type ModelRequest, type Usage } from "./model/model.ts";

/** An answer, or why there is none. */
export type StepResult = { reply: ModelReply } | { outcome: AgentOutcome };

/** Calls the model for one step, again where a failure allows it, streaming what it says. Never rejects. */
export async function runStep(
  step: number,
  request: ModelRequest,
  input: { model: Model; planRetry?: PlanRetry },
  sink: AgentSink,
  signal: AbortSignal,
): Promise<StepResult> {
  let answeredEmpty = false;
  for (let attempt = 1; ; attempt++) {
    sink.event({ type: "llm_start", step, model: input.model.id });
    const { reply, failure, partialText } = await callModel(input.model, request, sink, signal);
    if (reply && !isEmpty(reply)) return { reply };
    if (signal.aborted) return { outcome: { status: "cancelled", partialText } };

    let reason: string;
    let waitMs = 0;
    if (reply) {
      reportEmpty(step, reply, sink);
      const outcome = explainEmpty(reply, answeredEmpty);
      if (outcome) return { outcome };
      answeredEmpty = true;
      reason = "The model answered with nothing.";
    } else {
      const retry = failure instanceof ModelError ? input.planRetry?.(failure, attempt) : null;
      if (!retry) return { outcome: explainFailure(failure, partialText) };
      reason = cleanText(describe(failure));
      waitMs = Math.round(retry.waitMs);
    }
    sink.event({ type: "retry", attempt, reason, wait_ms: waitMs });
    if (!(await waitFor(waitMs, signal))) return { outcome: { status: "cancelled", partialText } };
  }
}

interface Attempt {
  reply?: ModelReply;
  failure?: unknown;
  partialText: string;
}

/** One attempt. The callback runs for every piece of every answer: it must stay free of promises. */
async function callModel(
  model: Model,
  request: ModelRequest,
  sink: AgentSink,
  signal: AbortSignal,
): Promise<Attempt> {
  let partialText = "";
  let live = true;
  const clean = { text: createPieceCleaner(), reasoning: createPieceCleaner() };
  try {
    const reply = await model.call(
      request,
      (delta) => {
        if (!live || signal.aborted) return;
        const text = clean[delta.type](delta.text);
        if (text === "") return;
        if (delta.type === "text") partialText += text;
        sink.event({ type: delta.type, text });
      },
      signal,
    );
    return { reply: { ...reply, usage: cleanUsage(reply.usage) }, partialText };
  } catch (failure) {
    return { failure, partialText };
  } finally {
    live = false;
  }
}

/** Whole numbers that can be stored, whatever the provider says. */
function cleanUsage({ tokensIn, tokensOut }: Usage): Usage {
  const clean = (count: number) => Math.round(Math.max(0, Math.min(2_147_483_647, count))) || 0;
  return { tokensIn: clean(tokensIn), tokensOut: clean(tokensOut) };
}

/** Cleans text that comes in pieces: a character whose two halves lie in two pieces survives. */
function createPieceCleaner(): (piece: string) => string {
  let held = "";
  return (piece) => {
    const text = held + piece;
    const last = text.charCodeAt(text.length - 1);
    held = last >= 0xd800 && last <= 0xdbff ? text.slice(-1) : "";
    return cleanText(held === "" ? text : text.slice(0, -1));
  };
}

function isEmpty(reply: ModelReply): boolean {
  return reply.toolCalls.length === 0 && reply.text.trim() === "";
}

function reportEmpty(step: number, { usage, finishReason }: ModelReply, sink: AgentSink): void {
  sink.event({
    type: "llm_end",
    step,
    tokens_in: usage.tokensIn,
    tokens_out: usage.tokensOut,
    finish_reason: finishReason,
  });
}

/** How an empty answer ends the run, or null where asking once more may help. */
function explainEmpty(reply: ModelReply, answeredEmpty: boolean): AgentOutcome | null {
  if (reply.finishReason === "content_filter") {
    return {
      status: "error",
      code: "model_filtered",
      message: "The provider's content filter withheld the answer.",
      partialText: "",
    };
  }
  if (reply.finishReason === "length") {
    return {
      status: "error",
      code: "model_empty",
      message: "The model used up its output limit before it said anything.",
      partialText: "",
    };
  }
  if (!answeredEmpty) return null;
  return {
    status: "error",
    code: "model_empty",
    message: "The model answered with nothing, twice.",
    partialText: "",
  };
}

function explainFailure(failure: unknown, partialText: string): AgentOutcome {
  if (failure instanceof ModelError) {
    return { status: "error", code: failure.code, message: cleanText(failure.message), partialText };
  }
  return {
    status: "error",
    code: "model_failed",
    message: `The model call failed unexpectedly: ${cleanText(describe(failure))}`,
    partialText,
  };
}

function describe(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}

/** Resolves to whether the whole time passed, that is, to false once aborted. */
async function waitFor(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await wait(milliseconds, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
