import type { NumberedEvent } from "../protocol/event.ts";
import { applyToTurn } from "./apply-to-turn.ts";
import { type AssistantTurn, endTurn, newTurn, type Turn } from "./turn.ts";

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

/** Adds a message of the user, with the files that came with it. */
export function addUserMessage(
  conversation: Conversation,
  text: string,
  attachments: readonly string[] = [],
): Conversation {
  return { ...conversation, turns: [...conversation.turns, { role: "user", text, attachments }] };
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

/**
 * What was said so far stands before the message that has come in, what is said from now on after it. The plan and
 * what is used are the whole run's.
 */
function steer(
  turns: readonly Turn[],
  index: number,
  turn: AssistantTurn,
  { content: text, attachments = [] }: Extract<NumberedEvent, { type: "steered" }>,
): readonly Turn[] {
  const saidNothing = turn.step === 0 && turn.parts.length === 0;
  const { usage, todo } = turn;
  const said = saidNothing ? [] : [{ ...endTurn(turn, "ok"), usage: null, todo: [] }];
  const message = { role: "user", text, attachments } as const;
  return [...turns.slice(0, index), ...said, message, { ...newTurn, usage, todo }];
}
