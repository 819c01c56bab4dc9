import type { RunEvent } from "../protocol/event.ts";
import {
  type AssistantTurn,
  endInner,
  endTurn,
  newTurn,
  type Part,
  type RequestPart,
  startCall,
  type TextPart,
  type ToolPart,
  type Usage,
  withoutRetry,
} from "./turn.ts";

type EventOf<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;

/** A run's turn after one more of its events; the same object where that changes nothing. */
export function applyToTurn(turn: AssistantTurn, event: RunEvent): AssistantTurn {
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
      const ended = { state, content, durationMs: duration_ms } as const;
      return changeCall(turn, event.id, (call) => ({
        ...call,
        ...ended,
        inner: endInner(call.inner, state),
      }));
    }
    case "delegated": {
      // What a newer server may say in it changes nothing there either.
      const said = event.event as RunEvent;
      return changeCall(turn, event.id, (call) => ({
        ...call,
        inner: applyToTurn(call.inner ?? newTurn, said),
      }));
    }
    case "llm_end":
      return { ...turn, finishReason: event.finish_reason };
    case "usage":
      return { ...turn, usage: addUsage(turn.usage, event) };
    case "todo":
      return { ...turn, todo: event.items };
    case "compaction":
      return { ...turn, parts: addCompaction(turn.parts, event) };
    case "notice":
      return { ...turn, parts: addNotice(turn.parts, event) };
    case "retry": {
      const { attempt, reason, wait_ms: waitMs, model } = event;
      const parts = withoutRetry(turn.parts);
      if (model !== undefined) return { ...turn, parts: addFallback(parts, model, reason) };
      return { ...turn, parts: [...parts, { type: "retry", attempt, reason, waitMs }] };
    }
    case "request": {
      const { type, ...request } = withoutNumber(event);
      const part: RequestPart = { type, step: turn.step, request, answer: null };
      return { ...turn, parts: [...withoutRetry(turn.parts), part] };
    }
    case "answered": {
      const { type, ...answer } = withoutNumber(event);
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
function resume(turn: AssistantTurn, { step: from, reason }: EventOf<"resumed">): AssistantTurn {
  if (reason === "answered") return { ...turn, queued: null };
  const parts = withoutRetry(turn.parts)
    .filter((part) => part.type !== "resumed" || part.from !== from)
    // What runs again says it again.
    .map((part) =>
      part.type === "tool" && part.state === "running" ? { ...part, output: "", inner: null } : part,
    );
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

/** One line for what is cut at one moment, and for what a step that begins again cuts again. */
function addCompaction(parts: readonly Part[], event: EventOf<"compaction">): readonly Part[] {
  const { before, after, summary = "" } = event;
  const last = parts.at(-1);
  if (last?.type !== "compaction") return [...parts, { type: "compaction", before, after, summary }];
  return parts.with(-1, { ...last, after, summary: summary || last.summary });
}

/** What was said already, by a step that begins again for example, is not said again. */
function addNotice(parts: readonly Part[], { code, msg }: EventOf<"notice">): readonly Part[] {
  const last = parts.findLast((part) => part.type === "notice");
  if (last?.type === "notice" && last.code === code && last.message === msg) return parts;
  return [...parts, { type: "notice", code, message: msg }];
}

function addFallback(parts: readonly Part[], model: string, reason: string): readonly Part[] {
  const last = parts.findLast((part) => part.type === "fallback");
  if (last?.type === "fallback" && last.model === model) return parts;
  return [...parts, { type: "fallback", model, reason }];
}

/** A sum of which a part has no price has none. */
function addUsage(before: Usage | null, { tokens_in, tokens_out, cached, cost }: EventOf<"usage">): Usage {
  const { tokensIn = 0, tokensOut = 0, cached: cachedBefore = 0, cost: costBefore = 0 } = before ?? {};
  return {
    tokensIn: tokensIn + tokens_in,
    tokensOut: tokensOut + tokens_out,
    cached: cachedBefore + cached,
    cost: costBefore === null || cost === null ? null : costBefore + cost,
  };
}

function withoutNumber<Event extends RunEvent>(event: Event): Event {
  const { seq: _, ...rest } = event as Event & { seq?: number };
  return rest as unknown as Event;
}

function changeCall(turn: AssistantTurn, id: string, change: (call: ToolPart) => ToolPart): AssistantTurn {
  const index = turn.parts.findLastIndex((part) => part.type === "tool" && part.id === id);
  const call = turn.parts[index];
  return call?.type === "tool" ? { ...turn, parts: turn.parts.with(index, change(call)) } : turn;
}

function isOfStep(part: Part, step: number): boolean {
  return "step" in part && part.step === step;
}
