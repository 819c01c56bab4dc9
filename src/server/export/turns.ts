import { TodoItem } from "../../protocol/event.ts";
import type { ChatToolCall, Message } from "../../protocol/message.ts";

/** What a message brought, or what an assistant did between two messages of the person, in order. */
export type Part =
  | { kind: "text"; text: string }
  | { kind: "attachments"; names: readonly string[] }
  | { kind: "plan"; items: readonly TodoItem[] }
  | { kind: "call"; name: string; arguments: string; result: string | undefined };

/** A message of the person, or all the assistant did about it. */
export interface Turn {
  role: "user" | "assistant";
  time: Date;
  parts: Part[];
  /** How many stored messages it is made of. */
  messages: number;
}

type Call = Extract<Part, { kind: "call" }>;

/** The conversation as people see it: results beside their calls, and one turn from question to question. */
export function toTurns(messages: readonly Message[]): Turn[] {
  const turns: Turn[] = [];
  const calls = new Map<string, Call>();
  for (const { payload, attachments, created_at } of messages) {
    const role = payload.role === "user" ? "user" : "assistant";
    let turn = turns.at(-1);
    if (turn === undefined || role === "user" || turn.role !== role) {
      turn = { role, time: new Date(created_at), parts: [], messages: 0 };
      turns.push(turn);
    }
    turn.messages += 1;
    if (payload.role === "tool") {
      const call = calls.get(payload.tool_call_id) ?? addCall(turn, undefined);
      call.result = payload.content;
      continue;
    }
    if (payload.content) turn.parts.push({ kind: "text", text: payload.content });
    if (payload.role === "user") {
      const names = attachments.map((path) => path.slice(path.lastIndexOf("/") + 1));
      if (names.length > 0) turn.parts.push({ kind: "attachments", names });
      continue;
    }
    for (const asked of payload.tool_calls ?? []) calls.set(asked.id, addCall(turn, asked));
  }
  return turns.map((turn) => ({ ...turn, parts: withLastPlan(turn.parts) }));
}

/** A plan is written down anew with each step: where it ended is what is worth reading, there where it was first made. */
function withLastPlan(parts: readonly Part[]): Part[] {
  const plans = new Map(
    parts.flatMap((part, index) => {
      const items = part.kind === "call" && part.name === "todo" ? readPlan(part.arguments) : undefined;
      return items ? [[index, items] as const] : [];
    }),
  );
  const [first] = plans.keys();
  const last = [...plans.values()].at(-1) ?? [];
  return parts.flatMap((part, index): Part[] => {
    if (!plans.has(index)) return [part];
    return index === first && last.length > 0 ? [{ kind: "plan", items: last }] : [];
  });
}

/** The plan that a call wrote down; undefined where it cannot be read. */
function readPlan(given: string): readonly TodoItem[] | undefined {
  try {
    const { items } = JSON.parse(given) as { items?: unknown };
    return TodoItem.array().safeParse(items).data;
  } catch {
    return undefined;
  }
}

function addCall(turn: Turn, asked: ChatToolCall | undefined): Call {
  const { name = "?", arguments: given = "" } = asked?.function ?? {};
  const call: Call = { kind: "call", name, arguments: given, result: undefined };
  turn.parts.push(call);
  return call;
}
