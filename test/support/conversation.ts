import {
  addUserMessage,
  applyEvent,
  type Conversation,
  emptyConversation,
} from "../../src/client/conversation.ts";
import type { AssistantTurn, Part } from "../../src/client/turn.ts";
import type { NumberedEvent, RunEvent } from "../../src/protocol/event.ts";
import type { ChatMessage, Message } from "../../src/protocol/message.ts";
import { isActive, type Run, type RunStatus } from "../../src/protocol/run.ts";

export const runId = "run-1";
export const asked = "请总结这些报告";

/** The events as a log has them. */
export function numbered(events: RunEvent[]): NumberedEvent[] {
  return events.map((event, index) => ({ ...event, seq: index + 1 }));
}

/** The conversation that a page shows which saw all of the events. */
export function fold(events: NumberedEvent[], from = addUserMessage(emptyConversation, asked)): Conversation {
  return events.reduce(applyEvent, from);
}

/** What the turn of a run shows that begins with these events. */
export function partsOf(...events: RunEvent[]): readonly Part[] {
  const all = numbered([{ type: "run_start", run_id: runId, task_id: "t" }, ...events]);
  return lastTurn(fold(all)).parts;
}

/** The newest turn of the assistant. */
export function lastTurn({ turns }: Conversation): AssistantTurn {
  const turn = turns.at(-1);
  if (turn?.role !== "assistant") throw new Error("no turn of the assistant");
  return turn;
}

/** A question, its answer, and the going on after it. */
export function ask(call_id: string, request_id: string): RunEvent[] {
  return [
    { type: "request", request_id, call_id, kind: "question", question: "哪一份？", deadline: null },
    { type: "answered", request_id, answers: ["第一份"], by: "person" },
    { type: "resumed", step: 1, reason: "answered" },
  ];
}

function at(second: number): string {
  return new Date(Date.UTC(2026, 10, 22, 9, 0, second)).toISOString();
}

/** The messages of one run, its own stored at `second` and what follows a second later. */
export function store(payloads: ChatMessage[], second = 0): Message[] {
  return payloads.map((payload, idx) => ({
    idx,
    payload,
    attachments: [],
    tokens_in: payload.role === "assistant" ? 10 : 0,
    tokens_out: payload.role === "assistant" ? 1 : 0,
    created_at: at(second + (idx === 0 ? 0 : 1)),
  }));
}

/** A run that began at `second` and lasted for one. */
export function runOf(status: RunStatus, second = 0): Run {
  return {
    run_id: runId,
    task_id: "t",
    status,
    model_profile: null,
    tokens_in: 0,
    tokens_out: 0,
    cached: 0,
    reasoning: 0,
    cost: 0,
    error: status === "error" ? { code: "model_rejected", msg: "坏了" } : null,
    created_at: at(second),
    attempt: 1,
    worker: null,
    started_at: at(second),
    finished_at: isActive(status) ? null : at(second + 1),
  };
}
