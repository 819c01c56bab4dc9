import { expect, test } from "vitest";
import { fromMessages } from "../../client/stored-conversation.ts";
import type { ChatMessage, Message } from "../../protocol/message.ts";
import { forkPoint } from "./fork.ts";

const payloads: ChatMessage[] = [
  { role: "user", content: "读报告" },
  {
    role: "assistant",
    content: "好",
    tool_calls: [{ id: "c", type: "function", function: { name: "read", arguments: "{}" } }],
  },
  { role: "tool", tool_call_id: "c", content: "内容" },
  { role: "user", content: "改成表格" },
  { role: "assistant", content: "表格" },
  { role: "user", content: "谢谢" },
  { role: "assistant", content: "不客气" },
];
const messages: Message[] = payloads.map((payload, idx) => ({
  idx,
  payload,
  tokens_in: 0,
  tokens_out: 0,
  created_at: "2026-11-27T09:00:00.000Z",
}));

test("a fork begins with all of an answer, or with what came before a message", () => {
  const { turns } = fromMessages(messages);
  expect(turns.map((turn, index) => [turn.role, forkPoint(messages, turns, index)])).toEqual([
    ["user", null],
    ["assistant", 2],
    ["user", 2],
    ["assistant", 4],
    ["user", 4],
    ["assistant", 6],
  ]);
});
