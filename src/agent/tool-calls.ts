import { performance } from "node:perf_hooks";
import type { ChatToolCall } from "../protocol/message.ts";
import type { AskedRequest } from "../protocol/request.ts";
import { cleanText } from "../protocol/text.ts";
import type { AgentSink } from "./agent.ts";
import type { Approvals } from "./approvals/approval-layers.ts";
import { checkArguments } from "./arguments.ts";
import type { Delegation } from "./delegate/delegation.ts";
import type { ConversationMessage, Model } from "./model/model.ts";
import { type RepeatedCalls, toldOfRepeating } from "./repair/repeated-calls.ts";
import { askPerson, findGate, type Gate } from "./requests.ts";
import { withNews } from "./tools/commands/process.ts";
import { failure } from "./tools/define-tool.ts";
import type { Tool, ToolEffect, ToolEvent, ToolOutcome, Workplace } from "./tools/tool.ts";

export interface ToolCallSetting extends CallSetting {
  workplace: Workplace;
  approvals?: Approvals;
  /** The answer that holds the calls was cut off by the output limit. */
  truncated?: boolean;
  /** What the model shall read of how its call was understood, by the call's id. */
  said?: ReadonlyMap<string, string>;
  repeated?: RepeatedCalls;
  delegation?: Delegation;
  model: Model;
  /** As it grows. */
  conversation: readonly ConversationMessage[];
}

/** What tells how far a call has come. */
export interface CallSetting {
  tools: Tool[];
  /** Whoever had the run before was lost without a word. */
  interrupted?: boolean;
  requests?: ReadonlyMap<string, AskedRequest>;
}

/** A call together with what is to be done about it. */
interface PreparedCall {
  call: ChatToolCall;
  run: ExecutableCall | { fault: string };
}

interface ExecutableCall {
  tool: Tool;
  input: unknown;
  /** What the model shall read of how its arguments were understood. */
  said: string | undefined;
  /** What a person has to say first. */
  gate: Gate | undefined;
  request: AskedRequest | undefined;
}

/**
 * Runs the calls of one answer and answers every one of them, by an event and a message, as it ends.
 * The effect is that of running them in order: neighbours that change nothing run together, a call
 * with an effect waits for those before it, and until it is recorded. Resolves to false where a person has to be heard
 * first: that call and those behind it have not begun. Rejects only where the sink does.
 */
export async function runToolCalls(
  calls: ChatToolCall[],
  setting: ToolCallSetting,
  sink: AgentSink,
  signal: AbortSignal,
): Promise<boolean> {
  const batches = batchCalls(calls.map((call) => prepareCall(call, setting)));
  for (const [index, batch] of batches.entries()) {
    if (!signal.aborted && batch.some(waitsForPerson)) {
      askAbout(batches.slice(index).flat(), sink);
      return false;
    }
    await Promise.all(batch.map((prepared) => runCall(prepared, setting, sink, signal)));
  }
  return true;
}

/**
 * Goes on with calls that are left unanswered. After a crash the first of them may have been under way, and only it,
 * since calls with an effect begin one after the other: unless it may run twice the model is told that its outcome
 * is unknown, and that what was to follow it has not begun. Resolves as `runToolCalls` does.
 */
export async function resumeToolCalls(
  calls: ChatToolCall[],
  setting: ToolCallSetting,
  sink: AgentSink,
  signal: AbortSignal,
): Promise<boolean> {
  const [first, ...others] = calls;
  if (!first || !setting.interrupted || !mayHaveHappened(first, setting)) {
    return runToolCalls(calls, setting, sink, signal);
  }
  answerCall(first, outcomeUnknown, 0, sink);
  const mayRun = (call: ChatToolCall) => mayRunAgain(findTool(call, setting), call);
  for (const call of others) if (!mayRun(call)) answerCall(call, notBegun, 0, sink);
  return runToolCalls(others.filter(mayRun), setting, sink, signal);
}

/** Answers calls that are left unanswered and will not be gone on with: none of them is run. */
export function settleToolCalls(calls: ChatToolCall[], setting: CallSetting, sink: AgentSink): void {
  for (const [index, call] of calls.entries()) {
    const isInDoubt = index === 0 && setting.interrupted && mayHaveHappened(call, setting);
    answerCall(call, isInDoubt ? outcomeUnknown : stoppedBefore, 0, sink);
  }
}

/**
 * Whether a call that was left unanswered may have taken effect, once and for all. The rules of today do not matter:
 * what was not asked about began without leave, what was asked about began when the answer was used.
 */
function mayHaveHappened(call: ChatToolCall, setting: CallSetting): boolean {
  const tool = findTool(call, setting);
  if (mayRunAgain(tool, call)) return false;
  const checked = tool && checkArguments(tool, call.function.arguments);
  if (tool && checked && ("fault" in checked || isHarmless(effectOf(tool, checked.input)))) return false;
  return setting.requests?.get(call.id)?.used ?? true;
}

function waitsForPerson({ run }: PreparedCall): boolean {
  return "tool" in run && run.gate !== undefined && !run.request?.used && !run.request?.answer;
}

/** Asks about the first calls, as far as a person has to be heard on each of them; not about what was asked before. */
function askAbout(calls: PreparedCall[], sink: AgentSink): void {
  for (const prepared of calls) {
    const { call, run } = prepared;
    if (!waitsForPerson(prepared) || !("tool" in run) || !run.gate) return;
    if (!run.request) sink.event(askPerson(call, run.tool, run.input, run.gate));
  }
}

/** The tool calls at the end of the conversation that have no answer yet. */
export function unansweredCalls(conversation: ConversationMessage[]): ChatToolCall[] {
  const answered = new Set<string>();
  for (const { payload } of conversation.toReversed()) {
    if (payload.role === "user") return [];
    if (payload.role === "assistant") {
      return (payload.tool_calls ?? []).filter((call) => !answered.has(call.id));
    }
    answered.add(payload.tool_call_id);
  }
  return [];
}

const outcomeUnknown: ToolOutcome = {
  content:
    "The server stopped while this call was under way, so it is not known whether it took effect. It was not run again. Look at the state of things before you repeat it.",
  isError: true,
};

const notBegun: ToolOutcome = {
  content:
    "This call did not begin: the server stopped during an earlier one. Repeat it if it is still right once you know how that one went.",
  isError: true,
};

const stoppedBefore: ToolOutcome = {
  content: "The run was stopped before this call started; it had no effect.",
  isError: true,
};

function refused(note: string | undefined): ToolOutcome {
  const reason = note ? ` They say: ${note}` : "";
  return { content: `The person did not allow this call; it had no effect.${reason}`, isError: true };
}

const stoppedDuring: ToolOutcome = {
  content: "The run was stopped while this call was under way; it may have taken effect in part.",
  isError: true,
};

function findTool(call: ChatToolCall, { tools }: CallSetting): Tool | undefined {
  return tools.find((tool) => tool.definition.name === call.function.name);
}

/** A tool of another server may be gone only for now: the call may have reached it. */
function mayRunAgain(tool: Tool | undefined, call: ChatToolCall): boolean {
  if (!tool) return !call.function.name.startsWith("mcp__");
  return isHarmless(tool.effect);
}

function isHarmless(effect: ToolEffect): boolean {
  return effect === "pure" || effect === "idempotent";
}

function effectOf(tool: Tool, input: unknown): ToolEffect {
  return tool.effectOf?.(input) ?? tool.effect;
}

function prepareCall(call: ChatToolCall, setting: ToolCallSetting): PreparedCall {
  const tool = findTool(call, setting);
  if (!tool) {
    const names = setting.tools.map((each) => each.definition.name).join(", ");
    return {
      call,
      run: { fault: `There is no tool named "${call.function.name}". The tools are: ${names}.` },
    };
  }
  const checked = checkArguments(tool, call.function.arguments);
  if ("input" in checked) {
    const request = setting.requests?.get(call.id);
    const { input } = checked;
    const found = findGate({ tool, input }, setting.approvals, request, setting.workplace);
    const { said } = checked;
    return { call, run: "fault" in found ? found : { tool, input, said, gate: found.gate, request } };
  }
  const hint = setting.truncated
    ? "Your answer was cut off by the output limit in the middle of this call. Do it in smaller pieces.\n\n"
    : "";
  return { call, run: { fault: hint + checked.fault } };
}

/** Whether it must not run beside others: it has an effect, or waits for a person. */
function standsAlone({ run }: PreparedCall): boolean {
  return "tool" in run && (effectOf(run.tool, run.input) !== "pure" || run.gate !== undefined);
}

/** Splits into runs of neighbours that may go on at once. */
function batchCalls(calls: PreparedCall[]): PreparedCall[][] {
  const batches: PreparedCall[][] = [];
  let open: PreparedCall[] | undefined;
  for (const call of calls) {
    if (open && !standsAlone(call)) {
      open.push(call);
      continue;
    }
    const batch = [call];
    batches.push(batch);
    open = standsAlone(call) ? undefined : batch;
  }
  return batches;
}

async function runCall(
  { call, run }: PreparedCall,
  setting: ToolCallSetting,
  sink: AgentSink,
  signal: AbortSignal,
): Promise<void> {
  const { workplace, model, conversation } = setting;
  if ("fault" in run) return answerWithRemarks(call, failure(run.fault), 0, setting, sink);
  if (signal.aborted) return answerCall(call, stoppedBefore, 0, sink);
  const { gate, request } = run;
  const answer = request?.used ? undefined : request?.answer;
  const sayAnswered = () => {
    if (request && answer)
      sink.event({ type: "answered", request_id: request.request.request_id, ...answer });
  };
  // With it the call counts as begun: from here on a crash leaves its outcome unknown.
  if (gate?.kind === "approval") sayAnswered();
  if (gate?.kind === "approval" && answer && answer.decision !== "allow") {
    return answerCall(call, refused(answer.note), 0, sink);
  }
  if (effectOf(run.tool, run.input) !== "pure") await committedOrAborted(sink, signal);
  if (signal.aborted) return answerCall(call, stoppedBefore, 0, sink);

  let live = true;
  const report = (text: string): void => {
    if (live && text !== "") sink.event({ type: "tool_output", id: call.id, text: cleanText(text) });
  };
  const startedAt = performance.now();
  let outcome: ToolOutcome;
  try {
    const say = (event: ToolEvent): void => {
      if (live) sink.event(event);
    };
    const place = { ...workplace, callId: call.id, model, conversation };
    const { delegation } = setting;
    const more = { ...(answer && { answer }), ...(delegation && { delegation }) };
    const context = { ...place, signal, say, report, ...more };
    outcome = await run.tool.execute(run.input, context);
  } catch (error) {
    outcome = signal.aborted ? stoppedDuring : explainCrash(error, workplace);
  }
  live = false;
  // In one breath with the result: what has been answered is never asked again.
  if (gate?.kind === "question") sayAnswered();
  const told = { ...withNews(outcome, workplace) };
  if (run.said !== undefined) told.content = `[${run.said}]\n${told.content}`;
  answerWithRemarks(call, told, performance.now() - startedAt, setting, sink);
}

/** Answers a call, with what the model should know of how it was understood, and of its being nothing new. */
function answerWithRemarks(
  call: ChatToolCall,
  outcome: ToolOutcome,
  durationMs: number,
  { said, repeated }: ToolCallSetting,
  sink: AgentSink,
): void {
  const remark = said?.get(call.id);
  const content = remark === undefined ? outcome.content : `[${remark}]\n${outcome.content}`;
  const count = repeated?.count(call, content, durationMs);
  answerCall(call, { ...outcome, content: withAdvice(content, count) }, durationMs, sink);
  if (count !== toldOfRepeating) return;
  const msg = `The model has called ${call.function.name} ${count} times in a row in the same way, with the same result.`;
  sink.event({ type: "notice", code: "repeated_call", msg });
}

function withAdvice(content: string, count: number | undefined): string {
  if (count === undefined) return content;
  return `${content}\n\n[You have made this call ${count} times in a row, and its result is the same each time. Do not make it again: do something else, or say what you cannot find out.]`;
}

/** A database that hangs must not keep a cancel from being answered. */
async function committedOrAborted(sink: AgentSink, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([sink.committed(), aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** A tool that throws breaks its contract; the model reads why, without the host's paths. */
function explainCrash(error: unknown, { directory }: Workplace): ToolOutcome {
  const message = error instanceof Error ? error.message : String(error);
  return {
    content: `The tool failed unexpectedly: ${message.replaceAll(directory.hostPath, ".")}`,
    isError: true,
  };
}

function answerCall(call: ChatToolCall, outcome: ToolOutcome, durationMs: number, sink: AgentSink): void {
  const content = cleanText(outcome.content);
  sink.event({
    type: "tool_result",
    id: call.id,
    name: call.function.name,
    content,
    is_error: outcome.isError,
    duration_ms: Math.round(durationMs),
  });
  const { notes } = outcome;
  sink.message({ payload: { role: "tool", tool_call_id: call.id, content }, ...(notes && { notes }) });
}
