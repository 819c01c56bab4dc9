import { performance } from "node:perf_hooks";
import type { ChatToolCall } from "../protocol/message.ts";
import { cleanText } from "../protocol/text.ts";
import type { Directory } from "../workspace/directory.ts";
import type { AgentSink } from "./agent.ts";
import { checkArguments } from "./arguments.ts";
import type { ConversationMessage } from "./model/model.ts";
import type { Tool, ToolOutcome } from "./tools/tool.ts";

export interface ToolCallSetting {
  tools: Tool[];
  directory: Directory;
  /** The answer that holds the calls was cut off by the output limit. */
  truncated?: boolean;
}

/** A call together with what is to be done about it. */
interface PreparedCall {
  call: ChatToolCall;
  run: { tool: Tool; input: unknown } | { fault: string };
}

/**
 * Runs the calls of one answer and answers every one of them, by an event and a message, as it ends.
 * The effect is that of running them in order: neighbours that change nothing run together, a call
 * with an effect waits for those before it, and until it is recorded. Rejects only where the sink does.
 */
export async function runToolCalls(
  calls: ChatToolCall[],
  setting: ToolCallSetting,
  sink: AgentSink,
  signal: AbortSignal,
): Promise<void> {
  for (const batch of batchCalls(calls.map((call) => prepareCall(call, setting)))) {
    await Promise.all(batch.map((prepared) => runCall(prepared, setting.directory, sink, signal)));
  }
}

/**
 * Settles calls that a crash left unanswered: those that may run twice run again, of the others the
 * model is told that their outcome is unknown.
 */
export async function resumeToolCalls(
  calls: ChatToolCall[],
  setting: ToolCallSetting,
  sink: AgentSink,
  signal: AbortSignal,
): Promise<void> {
  const unknown = new Set(calls.filter((call) => !mayRunAgain(findTool(call, setting))));
  for (const call of unknown) answerCall(call, outcomeUnknown, 0, sink);
  await runToolCalls(
    calls.filter((call) => !unknown.has(call)),
    setting,
    sink,
    signal,
  );
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

const stoppedBefore: ToolOutcome = {
  content: "The run was stopped before this call started; it had no effect.",
  isError: true,
};

const stoppedDuring: ToolOutcome = {
  content: "The run was stopped while this call was under way; it may have taken effect in part.",
  isError: true,
};

function findTool(call: ChatToolCall, { tools }: ToolCallSetting): Tool | undefined {
  return tools.find((tool) => tool.definition.name === call.function.name);
}

function mayRunAgain(tool: Tool | undefined): boolean {
  return tool === undefined || tool.effect === "pure" || tool.effect === "idempotent";
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
  if ("input" in checked) return { call, run: { tool, input: checked.input } };
  const hint = setting.truncated
    ? "Your answer was cut off by the output limit in the middle of this call. Do it in smaller pieces.\n\n"
    : "";
  return { call, run: { fault: hint + checked.fault } };
}

function hasEffect({ run }: PreparedCall): boolean {
  return "tool" in run && run.tool.effect !== "pure";
}

/** Splits into runs of neighbours that may go on at once. */
function batchCalls(calls: PreparedCall[]): PreparedCall[][] {
  const batches: PreparedCall[][] = [];
  let open: PreparedCall[] | undefined;
  for (const call of calls) {
    if (open && !hasEffect(call)) {
      open.push(call);
      continue;
    }
    const batch = [call];
    batches.push(batch);
    open = hasEffect(call) ? undefined : batch;
  }
  return batches;
}

async function runCall(
  { call, run }: PreparedCall,
  directory: Directory,
  sink: AgentSink,
  signal: AbortSignal,
): Promise<void> {
  if ("fault" in run) return answerCall(call, { content: run.fault, isError: true }, 0, sink);
  if (run.tool.effect !== "pure") await committedOrAborted(sink, signal);
  if (signal.aborted) return answerCall(call, stoppedBefore, 0, sink);

  let live = true;
  const report = (text: string): void => {
    if (live && text !== "") sink.event({ type: "tool_output", id: call.id, text: cleanText(text) });
  };
  const startedAt = performance.now();
  let outcome: ToolOutcome;
  try {
    outcome = await run.tool.execute(run.input, { directory, signal, report });
  } catch (error) {
    outcome = signal.aborted ? stoppedDuring : explainCrash(error, directory);
  }
  live = false;
  answerCall(call, outcome, performance.now() - startedAt, sink);
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
function explainCrash(error: unknown, directory: Directory): ToolOutcome {
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
  sink.message({ payload: { role: "tool", tool_call_id: call.id, content } });
}
