import { describe, expect, test } from "vitest";
import { chunk, joined, request, setUpChatModel, toolDelta } from "../../../../test/support/chat-model.ts";
import { type Part, says } from "../../../../test/support/model-turn.ts";
import type { ModelRequest } from "../model.ts";

const server = setUpChatModel();

describe("reasoning", () => {
  test.each(["reasoning_content", "reasoning"] as const)(
    "in %s is streamed apart from the text",
    async (field) => {
      const { reply, deltas } = await server.call({
        parts: [{ reasoning: "想一想", field }, { text: "答" }],
      });
      expect(deltas).toEqual([
        { type: "reasoning", text: "想一想" },
        { type: "text", text: "答" },
      ]);
      expect(reply.text).toBe("答");
    },
  );

  test("under both names at once is said once", async () => {
    const { deltas } = await server.call({
      parts: [chunk({ reasoning_content: "想", reasoning: "想" }), { text: "答" }],
    });
    expect(joined(deltas, "reasoning")).toBe("想");
  });

  test("goes back with its message, to the model it came from alone", async () => {
    const { reply } = await server.call({
      parts: [
        { reasoning: "先看" },
        { toolCall: { id: "a", name: "read", arguments: '{"path":"说明.md"}' } },
      ],
    });
    const assistant = { role: "assistant" as const, content: null, tool_calls: reply.toolCalls };
    const next: ModelRequest = {
      ...request,
      messages: [
        ...request.messages,
        { payload: assistant, providerData: reply.providerData },
        { payload: { role: "tool", tool_call_id: "a", content: "内容" } },
      ],
    };
    await server.call(says("好"), server.modelOf(), next);
    await server.call(says("好"), server.modelOf({ model: "模型-2" }), next);
    await server.call(says("好"), server.modelOf({ sendReasoning: "never" }), next);
    const sent = [1, 2, 3].map((index) => server.sentMessages(index)[2]);
    expect(sent[0]).toEqual({ ...assistant, reasoning_content: "先看" });
    expect(sent[1]).toEqual(assistant);
    expect(sent[2]).toEqual(assistant);
  });

  test("leaves no gap where a provider refuses one", async () => {
    const model = server.modelOf({ provider: "deepseek", baseUrl: server.models.url });
    const earlier = { payload: { role: "assistant" as const, content: "早" } };
    await server.call(says("好"), model, {
      ...request,
      messages: [...request.messages, earlier, ...request.messages],
    });
    expect(server.models.requests[0]?.body.messages).toContainEqual({
      role: "assistant",
      content: "早",
      reasoning_content: " ",
    });
  });

  test("details and signatures of calls go back piece for piece", async () => {
    const details = (detail: unknown): Part => chunk({ reasoning_details: [detail] });
    const extra_content = { google: { thought_signature: "签" } };
    const { reply } = await server.call({
      parts: [
        details({ type: "reasoning.text", index: 0, text: "先" }),
        details({ type: "reasoning.text", index: 0, text: "看", signature: "s" }),
        toolDelta({ index: 0, id: "a", function: { name: "list", arguments: "{}" }, extra_content }),
      ],
    });
    const payload = { role: "assistant" as const, content: null, tool_calls: reply.toolCalls };
    await server.call(says("好"), server.modelOf(), {
      ...request,
      messages: [{ payload, providerData: reply.providerData }],
    });
    expect(server.sentMessages(1)[1]).toEqual({
      role: "assistant",
      content: null,
      reasoning_details: [{ type: "reasoning.text", index: 0, text: "先看", signature: "s" }],
      tool_calls: [{ ...reply.toolCalls[0], extra_content }],
    });
  });
});
