import type { RunEvent } from "../protocol/event.ts";
import type { ChatMessage, MessageNotes } from "../protocol/message.ts";
import type { AskedRequest } from "../protocol/request.ts";
import type { Approvals } from "./approvals/approval-layers.ts";
import type { ContextKeeper } from "./context/context-keeper.ts";
import { isCutOff, maxContinuations } from "./continuation.ts";
import type { DelegateProfile, Delegation } from "./delegate/delegation.ts";
import { createStepBudget, type StepBudget } from "./delegate/step-budget.ts";
import type { ConversationMessage, Model, ModelError, ProviderData, Usage } from "./model/model.ts";
import { createModelChain } from "./model/model-chain.ts";
import { createNaming, recordReply } from "./record-reply.ts";
import { RepeatedCalls } from "./repair/repeated-calls.ts";
import { skippedSkill } from "./skills/find-invoked-skill.ts";
import { runStep } from "./step.ts";
import { resumeToolCalls, runToolCalls, unansweredCalls } from "./tool-calls.ts";
import type { Tool, Workplace } from "./tools/tool.ts";

/** What the agent says while it works. How a run starts and ends is said by whoever runs the agent. */
export type AgentEvent = Extract<
  RunEvent,
  {
    type:
      | "llm_start"
      | "text"
      | "reasoning"
      | "tool_call"
      | "tool_output"
      | "tool_result"
      | "llm_end"
      | "usage"
      | "retry"
      | "compaction"
      | "todo"
      | "delegated"
      | "notice"
      | "steered"
      | "request"
      | "answered";
  }
>;

/** A message to be stored. Handed over in order, they continue the conversation and keep it valid for the API. */
export interface NewMessage {
  payload: ChatMessage;
  usage?: Usage;
  providerData?: ProviderData;
  notes?: MessageNotes;
}

/** Where events and messages go, in one common order. `event` and `message` return at once and never throw. */
export interface AgentSink {
  event(event: AgentEvent): void;
  /** Gives the message's index in the conversation. */
  message(message: NewMessage): number;
  /** How the model is shown the conversation from now on, as JSON; committed with the event that follows. */
  context(record: unknown): void;
  /** Resolves when all handed over so far is committed. */
  committed(): Promise<void>;
}

/** How long to wait before the next attempt, or null for none. `attempt` counts from 1: the one that failed. */
export type PlanRetry = (error: ModelError, attempt: number) => { waitMs: number } | null;

export interface AgentInput {
  /** What the model is shown of the conversation, and the system prompt. */
  context: ContextKeeper;
  /** Ends with the user's message; or, after a crash, wherever the stored messages end. */
  conversation: ConversationMessage[];
  tools: Tool[];
  model: Model;
  /** What to go on with, in this order, where the model's provider fails. */
  fallbacks?: readonly Model[];
  workplace: Workplace;
  maxSteps: number;
  /** What is left of the steps, where others use them up too. */
  steps?: StepBudget;
  /** How many agents stand above this one. */
  depth?: number;
  /** The model profiles that sub-agents may have. */
  profileFor?: (profile: string) => DelegateProfile | undefined;
  /** The number of the first step; above 1 where an interrupted run goes on. */
  firstStep?: number;
  /** Whoever had the run before was lost without a word: a call may have been under way. */
  interrupted?: boolean;
  /** What the run has asked a person before, by tool call. */
  requests?: ReadonlyMap<string, AskedRequest>;
  /** Without them every call is allowed. */
  approvals?: Approvals;
  /** Aborted when the work shall stop at its next step, to be gone on with elsewhere. */
  leave?: AbortSignal;
  /** The messages that have come meanwhile and want to enter; asked for between steps. */
  takeMessages?: () => Promise<{ pendingId: string; content: string; notes: MessageNotes | null }[]>;
  planRetry?: PlanRetry;
}

/** `partialText` is what the model had said in a step that has no end. */
export type AgentOutcome =
  | { status: "ok" }
  /** A person has to answer first: the requests are on their way. */
  | { status: "waiting" }
  | { status: "left" }
  | { status: "cancelled"; partialText: string }
  | { status: "error"; code: string; message: string; partialText: string };

/**
 * Works on the conversation until the model asks for no more tools, a person has to answer, or `leave`. What the
 * model, a tool or a signal does to it is an outcome; it rejects only where `sink.committed` or `takeMessages` do.
 * Unless it is to go on (`waiting`, `left`), the messages handed over leave no tool call unanswered.
 */
export async function runAgent(
  input: AgentInput,
  sink: AgentSink,
  signal: AbortSignal,
): Promise<AgentOutcome> {
  const { conversation, record } = openConversation(input.conversation, sink);
  if (isAnswered(conversation) && (signal.aborted || !(await steer(input, record)))) return { status: "ok" };
  const firstStep = input.firstStep ?? 1;
  const steps = input.steps ?? createStepBudget(input.maxSteps - firstStep + 1);
  const delegate = (step: number) => delegationOf(input, steps, step, sink);
  const calls = unansweredCalls(conversation);
  const resumed = { ...input, conversation, delegation: delegate(firstStep - 1) };
  if (calls.length > 0 && !(await resumeToolCalls(calls, resumed, record, signal)))
    return { status: "waiting" };
  const naming = createNaming(input.tools, conversation);
  const request = { tools: input.tools.map((tool) => tool.definition), conversation };
  const repeated = new RepeatedCalls();
  const models = createModelChain(input.model, input.fallbacks);
  let cuts = countCuts(conversation);

  for (let step = firstStep; steps.left > 0; step++) {
    if (signal.aborted) return { status: "cancelled", partialText: "" };
    if (input.leave?.aborted) return { status: "left" };
    steps.take();
    if (step > 1) await steer(input, record);
    const call = { ...request, step, model: models.current };
    const answer = await runStep(call, input.context, { ...input, models }, record, signal);
    if ("outcome" in answer) return answer.outcome;
    const { reply } = answer;
    cuts = isCutOff(reply) ? cuts + 1 : 0;
    const goesOn = cuts > 0 && cuts <= maxContinuations && steps.left > 0 && !signal.aborted;
    const toolCalls = recordReply(answer, naming, goesOn, record);
    if (goesOn) continue;
    if (cuts > 0) record.event({ type: "notice", code: "output_limit", msg: outputLimit });
    if (toolCalls.length === 0) {
      // Without a step left for it a message had better become a run of its own.
      if (signal.aborted || steps.left === 0 || !(await steer(input, record))) return { status: "ok" };
      continue;
    }
    repeated.begin(step);
    const about = { truncated: reply.finishReason === "length", said: naming.said, repeated };
    const setting = { ...input, ...about, conversation, delegation: delegate(step) };
    if (!(await runToolCalls(toolCalls, setting, record, signal))) return { status: "waiting" };
    if (repeated.isLooping && !signal.aborted) return looping;
  }
  return signal.aborted ? { status: "cancelled", partialText: "" } : outOfSteps(input);
}

/** The conversation as it grows, and the sink that makes it grow. */
function openConversation(begun: readonly ConversationMessage[], sink: AgentSink) {
  const conversation = [...begun];
  const record: AgentSink = {
    event: (event) => sink.event(event),
    context: (context) => sink.context(context),
    committed: () => sink.committed(),
    message(message) {
      const { payload, providerData, notes, usage } = message;
      conversation.push({ payload, providerData, notes, tokensIn: usage?.tokensIn });
      return sink.message(message);
    },
  };
  return { conversation, record };
}

/** What a sub-agent that begins in this step is handed. */
function delegationOf(input: AgentInput, steps: StepBudget, step: number, sink: AgentSink): Delegation {
  return {
    step,
    steps,
    depth: input.depth ?? 0,
    tools: input.tools,
    model: input.model,
    fallbacks: input.fallbacks ?? [],
    approvals: input.approvals,
    planRetry: input.planRetry,
    leave: input.leave,
    profileFor: input.profileFor,
    committed: () => sink.committed(),
  };
}

function outOfSteps({ maxSteps }: AgentInput): AgentOutcome {
  return {
    status: "error",
    code: "step_limit",
    message: `The run used all of its ${maxSteps} steps. Send a message to let it go on.`,
    partialText: "",
  };
}

/** Lets the messages in that have come meanwhile; says whether there were any. */
async function steer({ takeMessages }: AgentInput, sink: AgentSink): Promise<boolean> {
  const messages = (await takeMessages?.()) ?? [];
  for (const { pendingId, content, notes } of messages) {
    const idx = sink.message({ payload: { role: "user", content }, ...(notes && { notes }) });
    const attachments = notes?.attachments;
    sink.event({ type: "steered", pending_id: pendingId, idx, content, ...(attachments && { attachments }) });
    const skipped = skippedSkill(notes);
    if (skipped !== null) sink.event({ type: "notice", code: "skill_skipped", msg: skipped });
  }
  return messages.length > 0;
}

const outputLimit =
  "The answer ends where the model's output limit cut it off. Send a message to have it go on.";

const looping: AgentOutcome = {
  status: "error",
  code: "model_looping",
  message:
    "The model made the same call with the same result again and again, so the run was stopped. Say what it should do differently.",
  partialText: "",
};

/** Whether the last word has been said already: a crash may come between it and the run's end. */
function isAnswered(conversation: ConversationMessage[]): boolean {
  const last = conversation.at(-1);
  if (last?.payload.role !== "assistant" || last.notes?.cut) return false;
  return (last.payload.tool_calls ?? []).length === 0;
}

/** How many answers in a row, up to the last one, were cut off and are gone on with. */
function countCuts(conversation: ConversationMessage[]): number {
  const whole = conversation.findLastIndex(({ notes }) => !notes?.cut);
  return conversation.length - 1 - whole;
}
