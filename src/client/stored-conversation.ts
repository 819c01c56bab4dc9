import type { ChatMessage, Message } from "../protocol/message.ts";
import { isActive, type Run } from "../protocol/run.ts";
import type { Client, RequestOptions } from "./client.ts";
import { beginRun, type Conversation } from "./conversation.ts";
import {
  type AssistantTurn,
  endTurn,
  newTurn,
  type Part,
  startCall,
  type ToolPart,
  type Turn,
} from "./turn.ts";

/**
 * Reads a task's conversation. Where a run is active (see `activeRunId`) it ends with that run's message and an
 * empty turn: follow the run from its first event, which brings back what it has done so far.
 */
export async function loadConversation(
  client: Pick<Client, "listRuns" | "listMessages">,
  taskId: string,
  options?: RequestOptions,
): Promise<Conversation> {
  // In this order: the messages then are complete if the run has ended, and hold its message in any case.
  const runs = await client.listRuns({ task_id: taskId }, { page: 1, page_size: 1 }, options);
  const { messages } = await client.listMessages({ task_id: taskId }, options);
  return fromMessages(messages, runs.results[0]);
}

/** The conversation that messages and their task's newest run make, the run having been read before them. */
export function fromMessages(messages: readonly Message[], run?: Run | undefined): Conversation {
  if (!run) return { turns: foldMessages(messages), run: null };
  const { run_id: runId, status, finished_at: end } = run;
  // Run and message are stored at one moment. A later one has steered the run, or came while we were reading.
  const own = messages.findLastIndex(
    ({ payload, created_at }) => payload.role === "user" && created_at <= run.created_at,
  );
  if (isActive(status))
    return beginRun({ turns: foldMessages(messages.slice(0, own + 1)), run: null }, runId);
  const turns = foldMessages(messages);
  const isNewest = !messages
    .slice(own + 1)
    .some(({ payload, created_at }) => payload.role === "user" && (end === null || created_at > end));
  return { turns: isNewest ? withEnd(turns, run) : turns, run: { runId, lastSeq: 0 } };
}

/** How the newest run ended is no message, but belongs to what is shown. */
function withEnd(turns: readonly Turn[], run: Run): readonly Turn[] {
  const last = turns.at(-1);
  const { tokens_in: tokensIn, tokens_out: tokensOut, cached, cost } = run;
  const turn = {
    ...(last?.role === "assistant" ? last : newTurn),
    usage: tokensIn + tokensOut > 0 ? { tokensIn, tokensOut, cached, cost } : null,
  };
  const others = last?.role === "assistant" ? turns.slice(0, -1) : turns;
  if (run.status === "cancelled") return [...others, endTurn(turn, "cancelled", { type: "cancelled" })];
  if (run.status !== "error") return [...others, endTurn(turn, "ok")];
  const { code = "internal_error", msg: message = "" } = run.error ?? {};
  return [...others, endTurn(turn, "error", { type: "error", code, message })];
}

function foldMessages(messages: readonly Message[]): readonly Turn[] {
  const turns: Turn[] = [];
  let turn: AssistantTurn = { ...newTurn, status: "ok" };
  const finish = () => {
    if (turn.step > 0) turns.push(endTurn(turn, "ok"));
    turn = { ...newTurn, status: "ok" };
  };
  for (const { payload, attachments, tokens_in, tokens_out } of messages) {
    if (payload.role === "user") {
      finish();
      turns.push({ role: "user", text: payload.content, attachments });
      continue;
    }
    turn = {
      ...turn,
      step: turn.step + (payload.role === "assistant" ? 1 : 0),
      usage: {
        tokensIn: (turn.usage?.tokensIn ?? 0) + tokens_in,
        tokensOut: (turn.usage?.tokensOut ?? 0) + tokens_out,
      },
    };
    turn = { ...turn, parts: foldMessage(turn, payload) };
  }
  finish();
  return turns;
}

function foldMessage(
  { parts, step }: AssistantTurn,
  payload: Exclude<ChatMessage, { role: "user" }>,
): readonly Part[] {
  if (payload.role === "tool") {
    return parts.map((part) =>
      part.type === "tool" && part.id === payload.tool_call_id && part.state === "running"
        ? { ...part, state: "ok", content: payload.content }
        : part,
    );
  }
  const calls = (payload.tool_calls ?? []).map(({ id, function: called }) =>
    startCall(step, id, called.name, readArguments(called.arguments)),
  );
  return [
    ...parts,
    ...(payload.content ? [{ type: "text", step, text: payload.content } as const] : []),
    ...calls,
  ];
}

/** What the live event would have carried: an object, or the text as it is. */
function readArguments(text: string): ToolPart["arguments"] {
  try {
    let value: unknown = text.trim() === "" ? {} : JSON.parse(text);
    // Some models encode them twice; the agent takes that as meant.
    if (typeof value === "string") value = JSON.parse(value);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : text;
  } catch {
    return text;
  }
}
