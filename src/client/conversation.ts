import type { FinishReason, NumberedEvent } from "../protocol/event.ts";

/**
 * What is shown of a task: a pure fold of stored messages and of the events of the run at work. It is never
 * changed in place; a part, turn or list that an event does not touch stays the same object.
 */
export interface Conversation {
  readonly turns: readonly Turn[];
  /** The newest run and the last of its events folded in; null if there has been none. */
  readonly run: { readonly runId: string; readonly lastSeq: number } | null;
}

export type Turn = UserTurn | AssistantTurn;

export interface UserTurn {
  readonly role: "user";
  readonly text: string;
}

/** What one run made of a message. */
export interface AssistantTurn {
  readonly role: "assistant";
  readonly status: "running" | "ok" | "cancelled" | "error";
  readonly parts: readonly Part[];
  /** The step at work, from 1; 0 before the first. */
  readonly step: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** Of the last step, null if unknown: `length` and `content_filter` mean that the answer was cut. */
  readonly finishReason: FinishReason | null;
}

export type Part = TextPart | ToolPart | RetryPart | ErrorPart | CancelledPart;

export interface TextPart {
  readonly type: "text" | "reasoning";
  readonly step: number;
  readonly text: string;
}

export interface ToolPart {
  readonly type: "tool";
  readonly step: number;
  readonly id: string;
  readonly name: string;
  /** An object, or the raw text where it could not be parsed. */
  readonly arguments: Record<string, unknown> | string;
  /** What the tool has said while it ran. */
  readonly output: string;
  /** `unanswered`: the run ended before the call did. Stored messages do not tell errors: they read `ok`. */
  readonly state: "running" | "ok" | "error" | "unanswered";
  /** Its result; empty until then. */
  readonly content: string;
  /** null while it runs, and where a stored message is all there is. */
  readonly durationMs: number | null;
}

/** The model call failed and is made again; goes as soon as the step says something. */
export interface RetryPart {
  readonly type: "retry";
  readonly attempt: number;
  readonly reason: string;
  readonly waitMs: number;
}

export interface ErrorPart {
  readonly type: "error";
  readonly code: string;
  readonly message: string;
}

export interface CancelledPart {
  readonly type: "cancelled";
}

export const emptyConversation: Conversation = { turns: [], run: null };

/** A turn of which nothing has been heard. */
export const newTurn: AssistantTurn = {
  role: "assistant",
  status: "running",
  parts: [],
  step: 0,
  tokensIn: 0,
  tokensOut: 0,
  finishReason: null,
};

/** Adds a message of the user. */
export function addUserMessage(conversation: Conversation, text: string): Conversation {
  return { ...conversation, turns: [...conversation.turns, { role: "user", text }] };
}

/** Begins the turn of a run, also before its first event. Changes nothing if it is the newest run already. */
export function beginRun(conversation: Conversation, runId: string): Conversation {
  if (conversation.run?.runId === runId) return conversation;
  return { turns: [...conversation.turns, newTurn], run: { runId, lastSeq: 0 } };
}

/** The run that the conversation waits for the events of; null if none is active. */
export function activeRunId(conversation: Conversation): string | null {
  const turn = conversation.turns.findLast((each) => each.role === "assistant");
  return turn?.status === "running" ? (conversation.run?.runId ?? null) : null;
}

/**
 * The conversation after one more event of its newest run; a `run_start` of another run begins that one's turn.
 * An event that was folded before, or comes after the run's end, changes nothing.
 */
export function applyEvent(before: Conversation, event: NumberedEvent): Conversation {
  const conversation = event.type === "run_start" ? beginRun(before, event.run_id) : before;
  const { run, turns } = conversation;
  const index = turns.findLastIndex((turn) => turn.role === "assistant");
  const turn = turns[index];
  if (!run || event.seq <= run.lastSeq || turn?.role !== "assistant" || turn.status !== "running")
    return before;
  const changed = applyToTurn(turn, event);
  return {
    turns: changed === turn ? turns : turns.with(index, changed),
    run: { runId: run.runId, lastSeq: event.seq },
  };
}

function applyToTurn(turn: AssistantTurn, event: NumberedEvent): AssistantTurn {
  switch (event.type) {
    case "llm_start": {
      const parts = event.step === turn.step ? turn.parts : withoutRetry(turn.parts);
      return { ...turn, step: event.step, parts: parts.filter((part) => !isOfStep(part, event.step)) };
    }
    case "text":
    case "reasoning":
      return { ...turn, parts: appendText(withoutRetry(turn.parts), event.type, turn.step, event.text) };
    case "tool_call": {
      const { id, name, arguments: given } = event;
      return { ...turn, parts: [...withoutRetry(turn.parts), startCall(turn.step, id, name, given)] };
    }
    case "tool_output":
      return changeCall(turn, event.id, (call) => ({ ...call, output: call.output + event.text }));
    case "tool_result": {
      const { content, is_error, duration_ms } = event;
      const state = is_error ? "error" : "ok";
      return changeCall(turn, event.id, (call) => ({ ...call, state, content, durationMs: duration_ms }));
    }
    case "llm_end":
      return {
        ...turn,
        tokensIn: turn.tokensIn + event.tokens_in,
        tokensOut: turn.tokensOut + event.tokens_out,
        finishReason: event.finish_reason,
      };
    case "retry": {
      const { attempt, reason, wait_ms: waitMs } = event;
      return { ...turn, parts: [...withoutRetry(turn.parts), { type: "retry", attempt, reason, waitMs }] };
    }
    case "cancelled":
      return { ...turn, parts: [...withoutRetry(turn.parts), { type: "cancelled" }] };
    case "error":
      return endTurn(turn, "error", { type: "error", code: event.code, message: event.msg });
    case "done":
      return { ...endTurn(turn, event.status), tokensIn: event.tokens_in, tokensOut: event.tokens_out };
    default:
      // `run_start`, and what a newer server may say.
      return turn;
  }
}

/** Ends a turn, with a last part where there is something to say about it. */
export function endTurn(turn: AssistantTurn, status: AssistantTurn["status"], last?: Part): AssistantTurn {
  const parts = withoutRetry(turn.parts).map((part) =>
    part.type === "tool" && part.state === "running" ? { ...part, state: "unanswered" as const } : part,
  );
  return { ...turn, status, parts: last ? [...parts, last] : parts };
}

/** A call of which nothing has been heard but that it was made. */
export function startCall(step: number, id: string, name: string, given: ToolPart["arguments"]): ToolPart {
  const unheard = { output: "", state: "running", content: "", durationMs: null } as const;
  return { type: "tool", step, id, name, arguments: given, ...unheard };
}

/** Puts a piece of text behind the last part, or into it where that is of the same kind and step. */
function appendText(
  parts: readonly Part[],
  type: TextPart["type"],
  step: number,
  text: string,
): readonly Part[] {
  const last = parts.at(-1);
  if (last?.type !== type || last.step !== step) return [...parts, { type, step, text }];
  return parts.with(-1, { ...last, text: last.text + text });
}

function changeCall(turn: AssistantTurn, id: string, change: (call: ToolPart) => ToolPart): AssistantTurn {
  const index = turn.parts.findLastIndex((part) => part.type === "tool" && part.id === id);
  const call = turn.parts[index];
  return call?.type === "tool" ? { ...turn, parts: turn.parts.with(index, change(call)) } : turn;
}

function isOfStep(part: Part, step: number): boolean {
  return "step" in part && part.step === step;
}

function withoutRetry(parts: readonly Part[]): readonly Part[] {
  return parts.some((part) => part.type === "retry") ? parts.filter((part) => part.type !== "retry") : parts;
}
