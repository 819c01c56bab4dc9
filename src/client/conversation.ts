import type { NumberedEvent } from "../protocol/event.ts";
import {
  type AssistantTurn,
  endTurn,
  newTurn,
  type Part,
  type RequestPart,
  startCall,
  type TextPart,
  type ToolPart,
  type Turn,
  withoutRetry,
} from "./turn.ts";

/**
 * What is shown of a task: a pure fold of stored messages and of the events of the run at work. It is never
 * changed in place; a part, turn or list that an event does not touch stays the same object.
 */
export interface Conversation {
  readonly turns: readonly Turn[];
  /** The newest run and the last of its events folded in; null if there has been none. */
  readonly run: { readonly runId: string; readonly lastSeq: number } | null;
}

export const emptyConversation: Conversation = { turns: [], run: null };

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
  const now = { runId: run.runId, lastSeq: event.seq };
  if (event.type === "steered") return { turns: steer(turns, index, turn, event), run: now };
  const changed = applyToTurn(turn, event);
  return { turns: changed === turn ? turns : turns.with(index, changed), run: now };
}

/** What was said so far stands before the message that has come in, what is said from now on after it. */
function steer(
  turns: readonly Turn[],
  index: number,
  turn: AssistantTurn,
  { content: text }: Extract<NumberedEvent, { type: "steered" }>,
): readonly Turn[] {
  const saidNothing = turn.step === 0 && turn.parts.length === 0;
  const said = saidNothing ? [] : [endTurn(turn, "ok")];
  return [...turns.slice(0, index), ...said, { role: "user", text }, newTurn];
}

function applyToTurn(turn: AssistantTurn, event: NumberedEvent): AssistantTurn {
  switch (event.type) {
    case "queued":
      return { ...turn, queued: event.position };
    case "run_start":
      return turn.queued === null ? turn : { ...turn, queued: null };
    case "resumed":
      return resume(turn, event);
    case "llm_start": {
      const parts = event.step === turn.step ? turn.parts : withoutRetry(turn.parts);
      const kept = parts.filter((part) => !isOfStep(part, event.step));
      return { ...turn, queued: null, step: event.step, parts: kept };
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
    case "request": {
      const { type, seq, ...request } = event;
      const part: RequestPart = { type, step: turn.step, request, answer: null };
      return { ...turn, parts: [...withoutRetry(turn.parts), part] };
    }
    case "answered": {
      const { type, seq, ...answer } = event;
      const parts = turn.parts.map((part) =>
        part.type === "request" && part.request.request_id === answer.request_id ? { ...part, answer } : part,
      );
      return { ...turn, parts };
    }
    case "cancelled":
      return { ...turn, parts: [...withoutRetry(turn.parts), { type: "cancelled" }] };
    case "error":
      return endTurn(turn, "error", { type: "error", code: event.code, message: event.msg });
    case "done":
      return endTurn(turn, event.status);
    default:
      // What a newer server may say.
      return turn;
  }
}

/** Going on after an answer is nothing to tell; after a loss it is, once however often the step is begun again. */
function resume(
  turn: AssistantTurn,
  { step: from, reason }: Extract<NumberedEvent, { type: "resumed" }>,
): AssistantTurn {
  if (reason === "answered") return { ...turn, queued: null };
  const parts = withoutRetry(turn.parts)
    .filter((part) => part.type !== "resumed" || part.from !== from)
    // What runs again says it again.
    .map((part) => (part.type === "tool" && part.state === "running" ? { ...part, output: "" } : part));
  return { ...turn, queued: null, parts: [...parts, { type: "resumed", from, reason }] };
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
