import type { AgentSink } from "../agent.ts";
import type { ConversationMessage } from "../model/model.ts";
import { usageOf } from "../step.ts";
import { latestTodo } from "../tools/todo.ts";
import type { ComingCall } from "./context-keeper.ts";
import type { ContextRecord } from "./context-record.ts";
import { type ContextInput, type ContextState, estimateRequest } from "./context-state.ts";
import { type Budget, findBoundary, isWorthwhile, keepWords } from "./plan-cut.ts";
import { keepResult } from "./result-file.ts";
import { summarize } from "./summary/summarize.ts";
import { isLargeResult, resultName, tellWords, toolNames, viewConversation } from "./view.ts";

export interface Cut {
  input: ContextInput;
  state: ContextState;
  call: ComingCall;
  /** What the request takes now. */
  tokens: number;
  budget: Budget;
  /** Whether the provider has refused it. */
  isRefused: boolean;
}

/** A record that shows less, and what the request then takes, about. */
interface Candidate {
  record: ContextRecord;
  size: number;
}

/** What a summary is reckoned to take before there is one, tokens. */
const summaryTokens = 2_000;
const writesAtOnce = 8;
/** Of the results that the model is not even shown the beginning of, so many are kept, the newest. */
const maxUnseen = 100;

/**
 * Leaves out what is old: large tool results first, and where that does not do, all but the newest messages, for which
 * a summary stands. Says so in an event; resolves to false, with nothing changed, where little would be gained. Rejects
 * only with the signal's reason.
 */
export async function cutContext(cut: Cut, sink: AgentSink, signal: AbortSignal): Promise<boolean> {
  const { input, state, call, tokens, isRefused } = cut;
  const scale = scaleOf(cut);
  const planned = planCut(cut, scale);
  if (!isWorthwhile(tokens, planned.size, isRefused)) return false;
  const before = state.record;
  const sections = await input.renewSections().catch(() => before.sections);
  const notKept = await keepResults(cut, planned.record, signal);
  signal.throwIfAborted();
  const isSummarized = planned.record.summarizedBefore > before.summarizedBefore;
  const summary = isSummarized ? await writeSummary(cut, planned.record, sink, signal) : before.summary;
  signal.throwIfAborted();
  state.record = { ...planned.record, sections, notKept, summary };
  const { record } = state;
  state.shown = show(cut, record);
  state.seen = call.conversation.length;
  state.isChanged = false;
  sink.context(record);
  sink.event({
    type: "compaction",
    before: tokens,
    after: Math.round(estimateRequest(record, call.tools, state.shown) * scale),
    kind: isSummarized ? "summarized" : "pruned",
    ...(isSummarized && { summary }),
  });
  return true;
}

/** The least that brings the request down to its aim; else what brings it down most. */
function planCut(cut: Cut, scale: number): Candidate {
  const { input, state, call, budget, isRefused } = cut;
  const { conversation } = call;
  const end = input.firstIdx + conversation.length;
  const { record } = state;
  // What a provider counted, and what was noted, was so of the longer request.
  const fresh: ContextRecord = { ...record, changed: {}, notes: [], countedFrom: end };
  const candidates: Candidate[] = [];
  const add = (whole: number, prunedBefore: (boundary: number) => number, isSummarized: boolean): void => {
    const boundary = input.firstIdx + findBoundary(conversation, whole / scale);
    const pruned = { ...fresh, prunedBefore: Math.max(record.prunedBefore, prunedBefore(boundary)) };
    if (isSummarized && boundary <= record.summarizedBefore) return;
    const next = isSummarized ? summarizeBefore(cut, pruned, boundary) : pruned;
    const estimate = estimateRequest(next, call.tools, show(cut, next)) + (isSummarized ? summaryTokens : 0);
    candidates.push({ record: next, size: estimate * scale });
  };
  const smallest = () => candidates.reduce((best, each) => (each.size < best.size ? each : best));
  add(budget.whole, (boundary) => boundary, false);
  add(budget.whole, (boundary) => boundary, true);
  // The newest results are given up only where nothing else helps.
  if (isRefused || smallest().size > budget.room) {
    add(budget.whole, () => end, false);
    add(0, () => end, true);
  }
  return candidates.find(({ size }) => size <= budget.aim) ?? smallest();
}

function summarizeBefore(
  { input, state, call, budget }: Cut,
  record: ContextRecord,
  boundary: number,
): ContextRecord {
  const { conversation } = call;
  const said = (messages: readonly ConversationMessage[], from: number) =>
    messages.flatMap(({ payload, notes }, offset) => {
      if (payload.role !== "user") return [];
      return [{ idx: from + offset, content: tellWords(payload.content, notes, input.directoryName) }];
    });
  const from = Math.max(input.firstIdx, state.record.summarizedBefore);
  const words = [
    ...state.record.kept,
    ...said(conversation.slice(from - input.firstIdx, boundary - input.firstIdx), from),
  ];
  const isSaidLater = conversation
    .slice(boundary - input.firstIdx)
    .some(({ payload }) => payload.role === "user");
  return {
    ...record,
    summarizedBefore: boundary,
    summary: "",
    kept: keepWords(words, budget.kept, !isSaidLater),
  };
}

/** What a provider counts for what the estimate takes for one token. */
function scaleOf({ state, call, tokens }: Cut): number {
  const estimate = estimateRequest(state.record, call.tools, state.shown);
  return Math.min(3, Math.max(0.5, tokens / Math.max(1, estimate)));
}

function show({ input, state, call }: Cut, record: ContextRecord): ConversationMessage[] {
  const setting = { directory: input.directoryName, images: state.images };
  return viewConversation(record, call.conversation, input.firstIdx, setting);
}

/** Writes the large results that are shown in part from now on to files; gives those that have none. */
async function keepResults(
  { input, state, call }: Cut,
  { prunedBefore, summarizedBefore }: ContextRecord,
  signal: AbortSignal,
): Promise<number[]> {
  const { conversation } = call;
  const { record } = state;
  const names = toolNames(conversation);
  const notKept = [...record.notKept];
  const from = Math.max(input.firstIdx, record.prunedBefore, record.summarizedBefore);
  let writes: (() => Promise<unknown>)[] = [];
  for (let idx = from; idx < prunedBefore; idx++) {
    if (idx === summarizedBefore) writes = writes.slice(-maxUnseen);
    const message = conversation[idx - input.firstIdx];
    if (message?.payload.role !== "tool" || !isLargeResult(message)) continue;
    const { tool_call_id, content } = message.payload;
    const name = resultName(idx, names.get(tool_call_id));
    writes.push(() => keepResult(input.directory, name, content).catch(() => notKept.push(idx)));
  }
  if (prunedBefore <= summarizedBefore) writes = writes.slice(-maxUnseen);
  while (writes.length > 0 && !signal.aborted) {
    await Promise.all(writes.splice(0, writesAtOnce).map((write) => write()));
  }
  return notKept;
}

/** What stands for the messages, and the plan where the last word on it is among them. */
async function writeSummary(
  { input, state, call, budget }: Cut,
  { summarizedBefore }: ContextRecord,
  sink: AgentSink,
  signal: AbortSignal,
): Promise<string> {
  const from = Math.max(0, state.record.summarizedBefore - input.firstIdx);
  const messages = call.conversation.slice(from, summarizedBefore - input.firstIdx);
  const { summaryModel: model, planRetry } = input;
  const summary = await summarize(
    {
      messages,
      earlier: state.record.summary,
      model,
      planRetry,
      room: budget.room,
      onUsage: (usage) => sink.event(usageOf(call.step, "summary", model, usage)),
    },
    signal,
  );
  const plan = (latestTodo(messages) ?? []).map(({ status, content }) => `- [${status}] ${content}`);
  return plan.length > 0 ? `${summary}\n\n# Plan, as last written with todo\n${plan.join("\n")}` : summary;
}
