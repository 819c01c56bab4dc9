import { setTimeout as wait } from "node:timers/promises";
import { cleanText } from "../protocol/text.ts";
import type { AgentEvent, AgentOutcome, AgentSink, PlanRetry } from "./agent.ts";
import type { ComingCall, ContextKeeper } from "./context/context-keeper.ts";
import { withContinuations } from "./continuation.ts";
import { type Model, ModelError, type ModelReply, type ModelRequest, type Usage } from "./model/model.ts";
import type { ModelChain } from "./model/model-chain.ts";
import { costOf } from "./model/prices.ts";

/** An answer with the events that tell its end. */
export interface StepAnswer {
  reply: ModelReply;
  end: AgentEvent[];
}

/** An answer, or why there is none. */
export type StepResult = StepAnswer | { outcome: AgentOutcome };

/**
 * Calls the model for one step, streaming what it says; again, or the next model of the chain, where a failure allows
 * it. What the model refuses as too long is made shorter once. Never rejects.
 */
export async function runStep(
  call: ComingCall,
  context: ContextKeeper,
  input: { models: ModelChain; planRetry?: PlanRetry },
  sink: AgentSink,
  signal: AbortSignal,
): Promise<StepResult> {
  const { step } = call;
  let request: ModelRequest;
  try {
    request = withContinuations(await context.prepare(call, sink, signal));
  } catch (failure) {
    if (signal.aborted) return { outcome: { status: "cancelled", partialText: "" } };
    return { outcome: explainFailure(failure, "") };
  }
  let answeredEmpty = false;
  let wasShrunk = false;
  const succeed = createSuccession(input);
  for (let attempt = 1; ; attempt++) {
    const model = input.models.current;
    sink.event({ type: "llm_start", step, model: model.id });
    const { reply, failure, partialText, spent } = await callModel(model, request, sink, signal);
    const end = reply && callEnd(step, model, reply);
    if (reply && end && !isEmpty(reply)) return { reply, end };
    if (spent) sink.event(usageOf(step, "step", model, spent));
    for (const event of end ?? []) sink.event(event);
    if (signal.aborted) return { outcome: { status: "cancelled", partialText } };

    let reason: string;
    let next: Next = { waitMs: 0 };
    if (reply) {
      const outcome = explainEmpty(reply, answeredEmpty);
      if (outcome) return { outcome };
      answeredEmpty = true;
      reason = "The model answered with nothing.";
    } else if (!wasShrunk && failure instanceof ModelError && failure.code === "model_context_length") {
      wasShrunk = true;
      const shorter = await context.shrink({ ...call, model }, sink, signal).catch(() => null);
      if (signal.aborted) return { outcome: { status: "cancelled", partialText } };
      if (!shorter) return { outcome: explainFailure(failure, partialText) };
      request = withContinuations(shorter);
      reason = cleanText(failure.message);
    } else {
      const then = succeed(failure);
      if ("giveUp" in then) return { outcome: explainFailure(then.giveUp, partialText) };
      reason = cleanText(describe(failure));
      next = then;
    }
    const waitMs = Math.round(next.waitMs);
    sink.event({
      type: "retry",
      attempt,
      reason,
      wait_ms: waitMs,
      ...(next.model && { model: next.model.id }),
    });
    if (!(await waitFor(waitMs, signal))) return { outcome: { status: "cancelled", partialText } };
  }
}

/** What is done after a failure: `model` is called, where it is another one, after `waitMs`. */
interface Next {
  waitMs: number;
  model?: Model;
}

/**
 * What comes after each failure of a step: the next model of the chain, at once; when all of them have failed, the
 * wait that the first of their failures allows, and the first model again; or the failure to end with.
 */
function createSuccession({ models, planRetry }: { models: ModelChain; planRetry?: PlanRetry }) {
  let round = 1;
  let failures: ModelError[] = [];
  return (failure: unknown): Next | { giveUp: unknown } => {
    // A conversation too long for one is not made shorter by asking another.
    if (!(failure instanceof ModelError) || failure.code === "model_context_length") {
      return { giveUp: failure };
    }
    failures.push(failure);
    // A wrong setting of the first model shall be seen; where a substitute's is wrong, the others are still there.
    const passes = failure.passable || failures.length > 1;
    if (passes && failures.length < models.length) return { waitMs: 0, model: models.next() };
    const telling = failures.find((error) => error.retryable) ?? failures[0];
    const retry = telling && planRetry?.(telling, round);
    if (!retry) return { giveUp: telling };
    round++;
    failures = [];
    const before = models.current;
    const model = passes ? models.restart() : before;
    return { waitMs: retry.waitMs, ...(model !== before && { model }) };
  };
}

interface Attempt {
  reply?: ModelReply;
  failure?: unknown;
  partialText: string;
  /** By a call that has no end. */
  spent?: Usage | undefined;
}

/** One attempt. The callback runs for every piece of every answer: it must stay free of promises. */
async function callModel(
  model: Model,
  request: ModelRequest,
  sink: AgentSink,
  signal: AbortSignal,
): Promise<Attempt> {
  let partialText = "";
  let spent: Usage | undefined;
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
      (usage) => {
        spent = cleanUsage(usage);
      },
    );
    return { reply: { ...reply, usage: cleanUsage(reply.usage) }, partialText };
  } catch (failure) {
    return { failure, partialText, spent };
  } finally {
    live = false;
  }
}

/** Whole numbers that can be stored, whatever the provider says, and parts that are no more than the whole. */
function cleanUsage(usage: Usage): Usage {
  const clean = (count: number, most = 2_147_483_647) => Math.round(Math.max(0, Math.min(most, count))) || 0;
  const tokensIn = clean(usage.tokensIn);
  const tokensOut = clean(usage.tokensOut);
  const cached = clean(usage.cached, tokensIn);
  return {
    tokensIn,
    tokensOut,
    cached,
    cacheWrites: clean(usage.cacheWrites, tokensIn - cached),
    reasoning: clean(usage.reasoning, tokensOut),
    ...(usage.cost !== undefined && usage.cost >= 0 && Number.isFinite(usage.cost) && { cost: usage.cost }),
  };
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

/** How a step's model call is told to have ended. */
function callEnd(step: number, model: Model, { usage, finishReason }: ModelReply): AgentEvent[] {
  const { tokensIn, tokensOut } = usage;
  return [
    usageOf(step, "step", model, usage),
    { type: "llm_end", step, tokens_in: tokensIn, tokens_out: tokensOut, finish_reason: finishReason },
  ];
}

/** The event that accounts for one model call. */
export function usageOf(
  step: number,
  purpose: "step" | "summary" | "delegate",
  model: Model,
  usage: Usage,
): AgentEvent {
  return {
    type: "usage",
    step,
    purpose,
    profile: model.facts.profile,
    model: model.id,
    tokens_in: usage.tokensIn,
    tokens_out: usage.tokensOut,
    cached: usage.cached,
    cache_writes: usage.cacheWrites,
    reasoning: usage.reasoning,
    cost: costOf(usage, model.facts.prices),
  };
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
