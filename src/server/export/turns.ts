import type { ChatToolCall, Message } from "../../protocol/message.ts";

/** What an assistant did between two messages of the person, in order. */
export type Part =
  | { kind: "text"; text: string }
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
  for (const { payload, created_at } of messages) {
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
    if (payload.role === "user") continue;
    for (const asked of payload.tool_calls ?? []) calls.set(asked.id, addCall(turn, asked));
  }
  return turns;
}

function addCall(turn: Turn, asked: ChatToolCall | undefined): Call {
  const { name = "?", arguments: given = "" } = asked?.function ?? {};
  const call: Call = { kind: "call", name, arguments: given, result: undefined };
  turn.parts.push(call);
  return call;
}
