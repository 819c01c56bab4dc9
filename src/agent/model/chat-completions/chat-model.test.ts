import { describe, expect, test } from "vitest";
import { chunk, joined, key, request, setUpChatModel, tools } from "../../../../test/support/chat-model.ts";
import { cut, type Part, says, type Turn } from "../../../../test/support/model-turn.ts";

const server = setUpChatModel();

describe("a text", () => {
  test("streams whole, with its usage and why it ended", async () => {
    const { reply, deltas } = await server.call({
      ...says("你好，", "世界"),
      usage: { input: 21, output: 7 },
    });
    expect(joined(deltas, "text")).toBe("你好，世界");
    expect(reply).toEqual({
      text: "你好，世界",
      toolCalls: [],
      finishReason: "stop",
      usage: expect.objectContaining({ tokensIn: 21, tokensOut: 7 }),
    });
  });

  test("of one socket read comes as one delta", async () => {
    const { deltas } = await server.call(says(...cut("一二三四五六七八", 8)));
    expect(deltas).toEqual([{ type: "text", text: "一二三四五六七八" }]);
  });

  test.each<[string, Partial<Turn>]>([
    ["cut through characters and lines", { sliceBytes: 1 }],
    ["with CRLF", { lineEnd: "\r\n" }],
    ["with CRLF cut apart", { lineEnd: "\r\n", sliceBytes: 3 }],
    ["without [DONE]", { lastWord: false }],
    ["without a reason to stop", { finishReason: null }],
    ["sent under a wrong content type", { headers: { "content-type": "application/json" } }],
    ["that is no stream at all", { whole: true }],
  ])("%s is the same", async (_name, how) => {
    const { reply, deltas } = await server.call({ ...says("汉字🙂", "与 text"), ...how });
    expect(reply.text).toBe("汉字🙂与 text");
    expect(joined(deltas, "text")).toBe(reply.text);
    expect(reply.usage).toMatchObject({ tokensIn: 10, tokensOut: 3 });
  });

  test.each<Turn["usageIn"]>(["own-chunk", "finish-chunk", "every-chunk", "first-chunk", "choice"])(
    "has its usage from %s",
    async (usageIn) => {
      const { reply } = await server.call({ ...says("好", "的"), usage: { input: 8, output: 2 }, usageIn });
      expect(reply.usage).toMatchObject({ tokensIn: 8, tokensOut: 2 });
    },
  );

  test("keeps its usage where a last chunk has none of it", async () => {
    const chunkOf = (prompt_tokens: number, completion_tokens: number): Part => ({
      chunk: { choices: [], usage: { prompt_tokens, completion_tokens } },
    });
    const { reply } = await server.call({ parts: [chunkOf(8, 2), chunkOf(0, 0)], usageIn: "nowhere" });
    expect(reply.usage).toMatchObject({ tokensIn: 8, tokensOut: 2 });
  });

  test("without usage counts nothing", async () => {
    const { reply } = await server.call({ ...says("好"), usageIn: "nowhere" });
    expect(reply.usage).toMatchObject({ tokensIn: 0, tokensOut: 0 });
  });

  test("survives comments, keep-alives, unknown fields and a byte order mark", async () => {
    const noise: Part = { raw: ": OPENROUTER PROCESSING\n\n\n\nevent: ping\ndata:\n\nfoo: bar\n\nid: 7\n" };
    const { reply } = await server.call({
      parts: [{ raw: "\uFEFF" }, noise, { text: "好" }, noise, { text: "的" }],
    });
    expect(reply.text).toBe("好的");
  });

  test("in content parts is text and thought", async () => {
    const thinking = { type: "thinking", thinking: [{ type: "text", text: "想" }] };
    const { reply, deltas } = await server.call({
      parts: [chunk({ content: [thinking, { type: "text", text: "答" }] })],
    });
    expect(reply.text).toBe("答");
    expect(deltas[0]).toEqual({ type: "reasoning", text: "想" });
  });

  test("that is a refusal is a text", async () => {
    const { reply } = await server.call({
      parts: [chunk({ content: null, refusal: "这个我" }), chunk({ refusal: "不能做。" })],
    });
    expect([reply.text, reply.finishReason]).toEqual(["这个我不能做。", "stop"]);
  });

  test("in one very long line arrives whole", async () => {
    const long = "长".repeat(300_000);
    const { reply } = await server.call({ ...says(long), sliceBytes: 50_001 });
    expect(reply.text).toBe(long);
  });

  test("that is empty is an empty reply", async () => {
    const { reply, deltas } = await server.call({});
    expect([reply.text, reply.toolCalls, deltas]).toEqual(["", [], []]);
  });

  test.each([
    ["length", "length"],
    ["max_tokens", "length"],
    ["content_filter", "content_filter"],
    ["eos", "stop"],
    ["tool_calls", "stop"],
  ])("that ended for %s has finish reason %s", async (word, finishReason) => {
    const { reply } = await server.call({ ...says("好"), finishReason: word });
    expect(reply.finishReason).toBe(finishReason);
  });

  test("is complete once its reason to stop has come, however the rest breaks", async () => {
    const parts: Part[] = [{ text: "好" }, chunk({}, "stop")];
    expect((await server.call({ parts, resetAfter: 2 })).reply.text).toBe("好");
  });
});

describe("the request", () => {
  test("carries the conversation, the tools and what the profile says", async () => {
    await server.call(
      says("好"),
      server.modelOf({ temperature: 0.5, maxOutputTokens: 99, options: { top_k: 3 } }),
    );
    expect(server.models.requests[0]?.path).toBe("/v1/chat/completions?token=query-secret");
    expect(server.models.requests[0]?.headers.authorization).toBe(`Bearer ${key}`);
    expect(server.models.requests[0]?.body).toEqual({
      model: "模型-1",
      messages: [
        { role: "system", content: "你是助手。" },
        { role: "user", content: "读一读" },
      ],
      tools: tools.map((tool) => ({ type: "function", function: tool })),
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.5,
      max_tokens: 99,
      top_k: 3,
    });
  });

  test("asks for no usage where the profile says so, and offers no empty list of tools", async () => {
    await server.call(says("好"), server.modelOf({ includeUsage: false }), { ...request, tools: [] });
    expect(Object.keys(server.models.requests[0]?.body ?? {})).toEqual(["model", "messages", "stream"]);
  });

  test("without a key has no authorization, and a profile's headers replace ours", async () => {
    await server.call(
      says("好"),
      server.modelOf({ provider: "ollama", baseUrl: server.models.url, headers: { "User-Agent": "other" } }),
    );
    expect(server.models.requests[0]?.headers.authorization).toBeUndefined();
    expect(server.models.requests[0]?.headers["user-agent"]).toBe("other");
  });
});
