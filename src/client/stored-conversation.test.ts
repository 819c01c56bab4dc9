import { describe, expect, test } from "vitest";
import { asked, runId, runOf, store } from "../../test/support/conversation.ts";
import type { ChatMessage } from "../protocol/message.ts";
import { activeRunId } from "./conversation.ts";
import { fromMessages } from "./stored-conversation.ts";

describe("stored messages", () => {
  const said: ChatMessage = { role: "assistant", content: "好" };
  const question: ChatMessage = { role: "user", content: asked };

  test("end with how the newest run ended, also where it left none", () => {
    const { turns } = fromMessages(store([question]), runOf("error"));
    expect(turns.at(-1)).toMatchObject({
      status: "error",
      parts: [{ type: "error", code: "model_rejected" }],
    });
    expect(fromMessages(store([question, said]), runOf("ok")).turns).toHaveLength(2);
    expect(fromMessages([]).turns).toEqual([]);
  });

  test("of a run that began while they were read do not take the older run's place", () => {
    const messages = [...store([question, said], 0), ...store([question], 30)];
    const active = fromMessages(messages, runOf("running", 0));
    expect(active.turns).toHaveLength(2);
    expect(activeRunId(active)).toBe(runId);
    const ended = fromMessages(messages, runOf("error", 0));
    expect(ended.turns.at(-1)).toMatchObject({ role: "user" });
  });

  test("that have steered the newest run do not hide how it ended", () => {
    const steered: ChatMessage = { role: "user", content: "改成表格" };
    const { turns } = fromMessages(store([question, said, steered]), runOf("cancelled"));
    expect(turns.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
    expect(turns.at(-1)).toMatchObject({ status: "cancelled", parts: [{ type: "cancelled" }] });
    const active = fromMessages(store([question, said, steered]), runOf("waiting"));
    expect(active.turns.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(activeRunId(active)).toBe(runId);
  });

  test("tell what each turn took in tokens, and the newest run what it cost", () => {
    const run = { ...runOf("ok", 2), tokens_in: 30, tokens_out: 3, cached: 20, cost: null };
    const { turns } = fromMessages([...store([question, said]), ...store([question, said], 2)], run);
    expect(turns.map((turn) => (turn.role === "user" ? null : turn.usage))).toEqual([
      null,
      { tokensIn: 10, tokensOut: 1 },
      null,
      { tokensIn: 30, tokensOut: 3, cached: 20, cost: null },
    ]);
  });

  test("show the files that came with them", () => {
    const [message] = store([question]);
    if (!message) throw new Error("no message");
    const { turns } = fromMessages([{ ...message, attachments: ["合同/报价.xlsx"] }]);
    expect(turns[0]).toMatchObject({ text: asked, attachments: ["合同/报价.xlsx"] });
  });

  test("keep one turn a run however many steps it took", () => {
    const called: ChatMessage = {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "c", type: "function", function: { name: "read", arguments: "坏" } }],
    };
    const result: ChatMessage = { role: "tool", tool_call_id: "c", content: "内容" };
    const { turns } = fromMessages(store([question, called, result, said, question, said]));
    expect(turns.map((turn) => (turn.role === "user" ? 0 : turn.parts.length))).toEqual([0, 2, 0, 1]);
    expect(turns[1]).toMatchObject({ parts: [{ arguments: "坏", content: "内容" }, { step: 2 }] });
  });
});
