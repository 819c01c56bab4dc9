import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ModelServer, startModelServer } from "../../../../test/support/model-server.ts";
import { calls, cut, fails, type Part, says, type Turn } from "../../../../test/support/model-turn.ts";
import { createModel } from "../create-model.ts";
import { type ModelDelta, ModelError, type ModelReply, type ModelRequest } from "../model.ts";
import { type ModelProfile, resolveProfiles } from "../profiles.ts";

let models: ModelServer;
beforeAll(async () => {
  models = await startModelServer();
});
beforeEach(() => models.reset());
afterAll(() => models.close());

/** The messages of the request with this index, as they were sent. */
const sentMessages = (index: number) =>
  (models.requests[index]?.body.messages ?? []) as Record<string, unknown>[];

/** Of no form that could be told from other text. */
const key = "schluessel.der.tests";

const tools = ["read", "read_file", "list"].map((name) => ({
  name,
  description: name,
  parameters: { type: "object", properties: {} },
}));
const request: ModelRequest = {
  system: "你是助手。",
  tools,
  messages: [{ payload: { role: "user", content: "读一读" } }],
};

interface Outcome {
  reply: ModelReply;
  deltas: ModelDelta[];
}

function modelOf(profile: Partial<ModelProfile> = {}, stallMs = 10_000) {
  const resolved = resolveProfiles({
    environment: {
      OPENAI_BASE_URL: `${models.url}?token=query-secret`,
      OPENAI_API_KEY: key,
      DEEPSEEK_API_KEY: key,
    },
    file: { profiles: { 试验: { provider: "openai-compatible", model: "模型-1", ...profile } } },
  });
  if ("problems" in resolved) throw new Error(resolved.problems.join(" "));
  const found = resolved.profiles.get("试验");
  if (!found) throw new Error("no profile");
  return createModel(found, { stallMs });
}

async function call(turn: Turn, model = modelOf(), what = request): Promise<Outcome> {
  models.script(turn);
  const deltas: ModelDelta[] = [];
  const reply = await model.call(what, (delta) => deltas.push({ ...delta }), new AbortController().signal);
  return { reply, deltas };
}

async function failure(turn: Turn, model = modelOf()): Promise<ModelError> {
  const error = await call(turn, model).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ModelError)) throw new Error(`not a ModelError: ${String(error)}`);
  expect(error.message).not.toContain(key);
  expect(error.message).not.toContain("query-secret");
  return error;
}

const joined = (deltas: ModelDelta[], type: ModelDelta["type"]) =>
  deltas.flatMap((delta) => (delta.type === type ? [delta.text] : [])).join("");
const chunk = (delta: unknown, finish_reason: string | null = null): Part => ({
  chunk: { choices: [{ index: 0, delta, finish_reason }] },
});
const toolDelta = (...tool_calls: unknown[]): Part => chunk({ tool_calls });
const called = (reply: ModelReply) =>
  reply.toolCalls.map(({ id, function: { name, arguments: text } }) => [id, name, text]);

describe("a text", () => {
  test("streams whole, with its usage and why it ended", async () => {
    const { reply, deltas } = await call({ ...says("你好，", "世界"), usage: { input: 21, output: 7 } });
    expect(joined(deltas, "text")).toBe("你好，世界");
    expect(reply).toEqual({
      text: "你好，世界",
      toolCalls: [],
      finishReason: "stop",
      usage: { tokensIn: 21, tokensOut: 7 },
    });
  });

  test("of one socket read comes as one delta", async () => {
    const { deltas } = await call(says(...cut("一二三四五六七八", 8)));
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
    const { reply, deltas } = await call({ ...says("汉字🙂", "与 text"), ...how });
    expect(reply.text).toBe("汉字🙂与 text");
    expect(joined(deltas, "text")).toBe(reply.text);
    expect(reply.usage).toEqual({ tokensIn: 10, tokensOut: 3 });
  });

  test.each<Turn["usageIn"]>(["own-chunk", "finish-chunk", "every-chunk", "first-chunk", "choice"])(
    "has its usage from %s",
    async (usageIn) => {
      const { reply } = await call({ ...says("好", "的"), usage: { input: 8, output: 2 }, usageIn });
      expect(reply.usage).toEqual({ tokensIn: 8, tokensOut: 2 });
    },
  );

  test("keeps its usage where a last chunk has none of it", async () => {
    const chunkOf = (prompt_tokens: number, completion_tokens: number): Part => ({
      chunk: { choices: [], usage: { prompt_tokens, completion_tokens } },
    });
    const { reply } = await call({ parts: [chunkOf(8, 2), chunkOf(0, 0)], usageIn: "nowhere" });
    expect(reply.usage).toEqual({ tokensIn: 8, tokensOut: 2 });
  });

  test("without usage counts nothing", async () => {
    const { reply } = await call({ ...says("好"), usageIn: "nowhere" });
    expect(reply.usage).toEqual({ tokensIn: 0, tokensOut: 0 });
  });

  test("survives comments, keep-alives, unknown fields and a byte order mark", async () => {
    const noise: Part = { raw: ": OPENROUTER PROCESSING\n\n\n\nevent: ping\ndata:\n\nfoo: bar\n\nid: 7\n" };
    const { reply } = await call({
      parts: [{ raw: "\uFEFF" }, noise, { text: "好" }, noise, { text: "的" }],
    });
    expect(reply.text).toBe("好的");
  });

  test("in content parts is text and thought", async () => {
    const thinking = { type: "thinking", thinking: [{ type: "text", text: "想" }] };
    const { reply, deltas } = await call({
      parts: [chunk({ content: [thinking, { type: "text", text: "答" }] })],
    });
    expect(reply.text).toBe("答");
    expect(deltas[0]).toEqual({ type: "reasoning", text: "想" });
  });

  test("that is empty is an empty reply", async () => {
    const { reply, deltas } = await call({});
    expect([reply.text, reply.toolCalls, deltas]).toEqual(["", [], []]);
  });

  test.each([
    ["length", "length"],
    ["max_tokens", "length"],
    ["content_filter", "content_filter"],
    ["eos", "stop"],
    ["tool_calls", "stop"],
  ])("that ended for %s has finish reason %s", async (word, finishReason) => {
    const { reply } = await call({ ...says("好"), finishReason: word });
    expect(reply.finishReason).toBe(finishReason);
  });

  test("is complete once its reason to stop has come, however the rest breaks", async () => {
    const parts: Part[] = [{ text: "好" }, chunk({}, "stop")];
    expect((await call({ parts, resetAfter: 2 })).reply.text).toBe("好");
  });
});

describe("reasoning", () => {
  test.each(["reasoning_content", "reasoning"] as const)(
    "in %s is streamed apart from the text",
    async (field) => {
      const { reply, deltas } = await call({ parts: [{ reasoning: "想一想", field }, { text: "答" }] });
      expect(deltas).toEqual([
        { type: "reasoning", text: "想一想" },
        { type: "text", text: "答" },
      ]);
      expect(reply.text).toBe("答");
    },
  );

  test("under both names at once is said once", async () => {
    const { deltas } = await call({
      parts: [chunk({ reasoning_content: "想", reasoning: "想" }), { text: "答" }],
    });
    expect(joined(deltas, "reasoning")).toBe("想");
  });

  test("goes back with its message, to the model it came from alone", async () => {
    const { reply } = await call({
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
    await call(says("好"), modelOf(), next);
    await call(says("好"), modelOf({ model: "模型-2" }), next);
    await call(says("好"), modelOf({ send_reasoning: "never" }), next);
    const sent = [1, 2, 3].map((index) => sentMessages(index)[2]);
    expect(sent[0]).toEqual({ ...assistant, reasoning_content: "先看" });
    expect(sent[1]).toEqual(assistant);
    expect(sent[2]).toEqual(assistant);
  });

  test("leaves no gap where a provider refuses one", async () => {
    const model = modelOf({ provider: "deepseek", base_url: models.url });
    const earlier = { payload: { role: "assistant" as const, content: "早" } };
    await call(says("好"), model, {
      ...request,
      messages: [...request.messages, earlier, ...request.messages],
    });
    expect(models.requests[0]?.body.messages).toContainEqual({
      role: "assistant",
      content: "早",
      reasoning_content: " ",
    });
  });

  test("details and signatures of calls go back piece for piece", async () => {
    const details = (detail: unknown): Part => chunk({ reasoning_details: [detail] });
    const extra_content = { google: { thought_signature: "签" } };
    const { reply } = await call({
      parts: [
        details({ type: "reasoning.text", index: 0, text: "先" }),
        details({ type: "reasoning.text", index: 0, text: "看", signature: "s" }),
        toolDelta({ index: 0, id: "a", function: { name: "list", arguments: "{}" }, extra_content }),
      ],
    });
    const payload = { role: "assistant" as const, content: null, tool_calls: reply.toolCalls };
    await call(says("好"), modelOf(), {
      ...request,
      messages: [{ payload, providerData: reply.providerData }],
    });
    expect(sentMessages(1)[1]).toEqual({
      role: "assistant",
      content: null,
      reasoning_details: [{ type: "reasoning.text", index: 0, text: "先看", signature: "s" }],
      tool_calls: [{ ...reply.toolCalls[0], extra_content }],
    });
  });
});

describe("tool calls", () => {
  const argumentsText = '{"path":"资料/说明.md"}';
  const whole = (id: string | undefined, index: number | undefined, name = "read") => ({
    id,
    index,
    type: "function",
    function: { name, arguments: argumentsText },
  });

  test("come whole, several at once, beside a text", async () => {
    const toolCall = { name: "read", arguments: argumentsText, pieces: 5 };
    const { reply } = await call({
      parts: [
        { text: "看看" },
        { toolCall: { ...toolCall, id: "a" } },
        { toolCall: { ...toolCall, id: "b" } },
      ],
    });
    expect(reply.text).toBe("看看");
    expect(reply.finishReason).toBe("tool_calls");
    expect(called(reply)).toEqual([
      ["a", "read", argumentsText],
      ["b", "read", argumentsText],
    ]);
  });

  test("without index and id go on where the last one stopped", async () => {
    const { reply } = await call({
      parts: [
        toolDelta({ id: "a", function: { name: "read", arguments: "" } }),
        ...cut(argumentsText, 4).map((piece) => toolDelta({ function: { arguments: piece } })),
      ],
    });
    expect(called(reply)).toEqual([["a", "read", argumentsText]]);
  });

  test("without any id or index, whole in every delta, are calls of their own", async () => {
    const { reply } = await call({
      parts: [toolDelta(whole(undefined, undefined)), toolDelta(whole("", undefined))],
    });
    expect(called(reply)).toEqual([
      ["call_1", "read", argumentsText],
      ["call_2", "read", argumentsText],
    ]);
  });

  test("without any id or index are calls of their own also where no tool has their name", async () => {
    const deltas = ["unbekannt", "anders"].map((name) => toolDelta(whole(undefined, undefined, name)));
    expect(called((await call({ parts: deltas })).reply).map(([, name]) => name)).toEqual([
      "unbekannt",
      "anders",
    ]);
  });

  test("all numbered 0 are told apart by their ids", async () => {
    const { reply } = await call({ parts: [toolDelta(whole("a", 0)), toolDelta(whole("b", 0))] });
    expect(called(reply).map(([id]) => id)).toEqual(["a", "b"]);
  });

  test("whose id and name are repeated in every delta are one call", async () => {
    const repeated = cut(argumentsText, 3).map((piece) =>
      toolDelta({ index: 0, id: "a", function: { name: "read", arguments: piece } }),
    );
    expect(called((await call({ parts: repeated })).reply)).toEqual([["a", "read", argumentsText]]);
  });

  test("whose id and name are empty after the first delta are one call", async () => {
    const [first = "", ...rest] = cut(argumentsText, 3);
    const { reply } = await call({
      parts: [
        toolDelta({ index: 0, id: "a", function: { name: "read", arguments: first } }),
        ...rest.map((piece) => toolDelta({ index: 0, id: "", function: { name: "", arguments: piece } })),
      ],
    });
    expect(called(reply)).toEqual([["a", "read", argumentsText]]);
  });

  test("with a name in pieces have the whole name", async () => {
    const { reply } = await call({
      parts: [
        toolDelta({ index: 0, id: "a", function: { name: "read" } }),
        toolDelta({ index: 0, function: { name: "_file", arguments: argumentsText } }),
      ],
    });
    expect(called(reply)).toEqual([["a", "read_file", argumentsText]]);
  });

  test("keep arguments as they were written: an object as its JSON, half of one as it is", async () => {
    const { reply } = await call({
      parts: [
        toolDelta({ index: 0, id: "a", function: { name: "read", arguments: { path: "甲" } } }),
        toolDelta({ index: 1, id: "b", function: { name: "read", arguments: '{"path":' } }),
      ],
      finishReason: "length",
    });
    expect(called(reply).map(([, , text]) => text)).toEqual(['{"path":"甲"}', '{"path":']);
    expect(reply.finishReason).toBe("length");
  });

  test("are sent back with arguments that every provider takes", async () => {
    const call_ = (id: string, text: string) => ({
      id,
      type: "function" as const,
      function: { name: "read", arguments: text },
    });
    const payload = {
      role: "assistant" as const,
      content: null,
      tool_calls: [call_("a", '{"path": "甲"}'), call_("b", ""), call_("c", "{坏")],
    };
    await call(says("好"), modelOf(), { ...request, messages: [{ payload }] });
    const sent = sentMessages(0)[1]?.tool_calls as ModelReply["toolCalls"];
    expect(sent.map((sentCall) => sentCall.function.arguments)).toEqual([
      '{"path": "甲"}',
      "{}",
      '{"invalid_json":"{坏"}',
    ]);
  });

  test("in an answer that is no stream are calls", async () => {
    const { reply } = await call({ ...calls("list", {}, "a"), whole: true });
    expect(called(reply)).toEqual([["a", "list", "{}"]]);
  });

  test("without a name make the answer malformed", async () => {
    const error = await failure({ parts: [toolDelta({ index: 0, id: "a", function: { arguments: "{}" } })] });
    expect([error.code, error.retryable]).toEqual(["model_malformed", true]);
  });
});

describe("the request", () => {
  test("carries the conversation, the tools and what the profile says", async () => {
    await call(says("好"), modelOf({ temperature: 0.5, max_output_tokens: 99, options: { top_k: 3 } }));
    expect(models.requests[0]?.path).toBe("/v1/chat/completions?token=query-secret");
    expect(models.requests[0]?.headers.authorization).toBe(`Bearer ${key}`);
    expect(models.requests[0]?.body).toEqual({
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
    await call(says("好"), modelOf({ include_usage: false }), { ...request, tools: [] });
    expect(Object.keys(models.requests[0]?.body ?? {})).toEqual(["model", "messages", "stream"]);
  });

  test("without a key has no authorization, and a profile's headers replace ours", async () => {
    await call(
      says("好"),
      modelOf({ provider: "ollama", base_url: models.url, headers: { "User-Agent": "other" } }),
    );
    expect(models.requests[0]?.headers.authorization).toBeUndefined();
    expect(models.requests[0]?.headers["user-agent"]).toBe("other");
  });
});

describe("a failure", () => {
  test.each<[number, string, ModelError["code"], boolean]>([
    [400, "bad parameter", "model_rejected", false],
    [400, "This model's maximum context length is 8192 tokens", "model_context_length", false],
    [400, "Range of input length should be [1, 30720]", "model_context_length", false],
    [401, `Incorrect API key provided: ${key}`, "model_unauthorized", false],
    [402, "Insufficient Balance", "model_rejected", false],
    [403, "no access", "model_unauthorized", false],
    [404, "no such model", "model_rejected", false],
    [413, "request too large", "model_context_length", false],
    [429, "slow down", "model_rate_limited", true],
    [429, "You exceeded your current quota", "model_rate_limited", false],
    [500, "oops", "model_unavailable", true],
    [503, "busy", "model_unavailable", true],
    [529, "overloaded", "model_unavailable", true],
  ])("of status %i (%s) is %s", async (status, message, code, retryable) => {
    const error = await failure(fails(status, message));
    expect([error.code, error.retryable]).toEqual([code, retryable]);
  });

  test("tells the provider's words, shortened, and which variable to check", async () => {
    const error = await failure(fails(401, `no\n${"很".repeat(2_000)}`));
    expect(error.message).toContain("OPENAI_API_KEY");
    expect(error.message).toContain("no 很很");
    expect(error.message.length).toBeLessThan(700);
  });

  test("with Retry-After says how long to wait", async () => {
    expect((await failure(fails(429, "slow", { "retry-after": "7" }))).retryAfterMs).toBe(7_000);
    expect((await failure(fails(503, "slow", { "retry-after-ms": "250" }))).retryAfterMs).toBe(250);
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    const error = await failure(fails(429, "slow", { "retry-after": date }));
    expect(error.retryAfterMs).toBeGreaterThan(3_000_000);
  });

  test.each<[string, Turn]>([
    ["a web page", { status: 502, body: "<html><title>Bad Gateway</title>很长</html>" }],
    ["nothing", { status: 500, body: "" }],
    ["plain text", { status: 500, body: "upstream 坏了" }],
    ["half of JSON", { status: 500, body: '{"error": {"mess' }],
    ["a list", { status: 503, body: '[{"error": {"message": "忙", "status": "UNAVAILABLE"}}]' }],
  ])("whose body is %s is readable", async (_name, turn) => {
    const error = await failure(turn);
    expect([error.code, error.retryable]).toEqual(["model_unavailable", true]);
    expect(error.message).not.toContain("<html");
  });

  test.each<[string, Turn, ModelError["code"], boolean]>([
    ["before the first byte", { ...says("好"), resetAfter: 0 }, "model_connection", true],
    ["after some text", { ...says("好", "的"), resetAfter: 1 }, "model_connection", true],
    [
      "as an end in the middle",
      { ...says("好"), finishReason: null, lastWord: false },
      "model_connection",
      true,
    ],
    [
      "as a malformed chunk",
      { parts: [{ text: "好" }, { raw: 'data: {"choices":[{\n\n' }] },
      "model_malformed",
      true,
    ],
    [
      "as a web page",
      { headers: { "content-type": "text/html" }, parts: [], status: 200, body: "<html>登录</html>" },
      "model_malformed",
      true,
    ],
    ["as silence before the headers", { stallAfter: 0 }, "model_stalled", true],
    ["as silence in the middle", { ...says("好", "的"), stallAfter: 1 }, "model_stalled", true],
    [
      "as a reason to stop",
      { ...says("好"), finishReason: "insufficient_system_resource" },
      "model_unavailable",
      true,
    ],
  ])("%s has its own code", async (_name, turn, code, retryable) => {
    const error = await failure(turn, modelOf({}, 200));
    expect([error.code, error.retryable]).toEqual([code, retryable]);
  });

  test.each<[string, unknown, ModelError["code"], boolean]>([
    ["an error object", { error: { message: "忙", type: "server_error" } }, "model_unavailable", true],
    [
      "an error with a status as its code",
      { error: { message: "慢", code: 429 } },
      "model_rate_limited",
      true,
    ],
    ["an error text", { error: "坏了" }, "model_unavailable", true],
    [
      "an object of errors",
      { object: "error", message: "maximum context length", code: 400 },
      "model_context_length",
      false,
    ],
    ["a code and a message", { code: "InvalidParameter", message: "不行" }, "model_rejected", false],
  ])("inside the stream, as %s, ends the answer", async (_name, value, code, retryable) => {
    const error = await failure({ parts: [{ text: "好" }, { chunk: value }, { text: "别说了" }] });
    expect([error.code, error.retryable]).toEqual([code, retryable]);
  });

  test("of the address says where", async () => {
    const error = await failure(says(), modelOf({ base_url: "http://127.0.0.1:1/v1" }));
    expect([error.code, error.retryable]).toEqual(["model_connection", true]);
    expect(error.message).toContain("127.0.0.1:1");
  });

  test("keeps the text that came before it in the same read", async () => {
    models.script({ parts: [{ text: "先说" }, { chunk: { error: { message: "忙" } } }] });
    const deltas: ModelDelta[] = [];
    const answer = modelOf().call(request, (delta) => deltas.push(delta), new AbortController().signal);
    await expect(answer).rejects.toBeInstanceOf(ModelError);
    expect(joined(deltas, "text")).toBe("先说");
  });
});

describe("an abort", () => {
  test.each([0, 1])("after %i chunks rejects with its reason and closes the socket", async (stallAfter) => {
    models.script({ ...says("好", "的"), stallAfter });
    const controller = new AbortController();
    const arrived = models.request(0);
    const answer = modelOf().call(request, () => controller.abort("够了"), controller.signal);
    if (stallAfter === 0) arrived.then(() => controller.abort("够了"));
    await expect(answer).rejects.toBe("够了");
    expect(await (await arrived).closedEarly).not.toBeNull();
  });

  test("before the call sends nothing", async () => {
    const answer = modelOf().call(request, () => {}, AbortSignal.abort("不要"));
    await expect(answer).rejects.toBe("不要");
    expect(models.requests).toHaveLength(0);
  });
});
