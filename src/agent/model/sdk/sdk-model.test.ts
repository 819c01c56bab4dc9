import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ModelServer, startModelServer } from "../../../../test/support/model-server.ts";
import { cut, fails, says, type Turn } from "../../../../test/support/model-turn.ts";
import { createModel } from "../create-model.ts";
import {
  type Model,
  type ModelDelta,
  ModelError,
  type ModelReply,
  type ModelRequest,
  noUsage,
} from "../model.ts";
import { resolveProfiles } from "../profiles/resolve-profiles.ts";
import type { SdkWire } from "./sdk-model.ts";

let models: ModelServer;
beforeAll(async () => {
  models = await startModelServer();
});
beforeEach(() => models.reset());
afterAll(() => models.close());

const key = "sk-secret-of-the-tests";
const wires = ["openai", "anthropic", "google"] as const;
const names: Record<SdkWire, string> = {
  openai: "gpt-5",
  anthropic: "claude-sonnet-4-5",
  google: "gemini-3-pro-preview",
};
const variables: Record<SdkWire, string> = {
  openai: "OPENAI_API_KEY",
  anthropic: "ANTHROPIC_API_KEY",
  google: "GOOGLE_GENERATIVE_AI_API_KEY",
};

const request: ModelRequest = {
  system: "你是助手。",
  tools: [
    {
      name: "read",
      description: "读文件",
      parameters: { type: "object", properties: { path: { type: "string" } } },
    },
  ],
  messages: [{ payload: { role: "user", content: "读一读" } }],
};

/** The SDK's model of a provider, moved to the scripted server. */
function modelOf(wire: SdkWire, stallMs = 10_000): Model {
  const profile = { provider: wire, model: names[wire], options: {} };
  const resolved = resolveProfiles({
    environment: { [variables[wire]]: key },
    file: { profiles: { 试验: profile } },
  });
  if ("problems" in resolved) throw new Error(resolved.problems.join(" "));
  const found = resolved.profiles.get("试验");
  if (!found) throw new Error("no profile");
  return createModel({ ...found, baseUrl: models.url }, { stallMs });
}

async function call(wire: SdkWire, turn: Turn, what = request, model = modelOf(wire)) {
  models.script(turn);
  const deltas: ModelDelta[] = [];
  const reply = await model.call(what, (delta) => deltas.push({ ...delta }), new AbortController().signal);
  return { reply, deltas };
}

async function failure(wire: SdkWire, turn: Turn, stallMs?: number): Promise<ModelError> {
  const error = await call(wire, turn, request, modelOf(wire, stallMs)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ModelError)) throw new Error(`not a ModelError: ${String(error)}`);
  expect(error.message).not.toContain(key);
  return error;
}

/** The conversation after an answer with one call, and the call's result. */
function continued(reply: ModelReply): ModelRequest {
  const [toolCall] = reply.toolCalls;
  const content = reply.text === "" ? null : reply.text;
  return {
    ...request,
    messages: [
      ...request.messages,
      {
        payload: { role: "assistant", content, tool_calls: reply.toolCalls },
        providerData: reply.providerData,
      },
      { payload: { role: "tool", tool_call_id: toolCall?.id ?? "", content: "内容" } },
    ],
  };
}

const readCall = { id: "call_1", name: "read", arguments: '{"path":"说明.md"}' };

describe.each(wires)("%s", (wire) => {
  test("streams a text with its usage", async () => {
    const { reply, deltas } = await call(wire, {
      ...says(...cut("你好，世界", 3)),
      usage: { input: 21, output: 7 },
    });
    expect(deltas.map((delta) => delta.text).join("")).toBe("你好，世界");
    expect(reply).toMatchObject({
      text: "你好，世界",
      toolCalls: [],
      finishReason: "stop",
      usage: expect.objectContaining({ tokensIn: 21, tokensOut: 7 }),
    });
  });

  test("streams reasoning apart from the text and gives calls whole", async () => {
    const { reply, deltas } = await call(wire, {
      parts: [{ reasoning: "想一想" }, { text: "看看" }, { toolCall: readCall }],
    });
    expect(deltas).toEqual([
      { type: "reasoning", text: "想一想" },
      { type: "text", text: "看看" },
    ]);
    expect(reply.finishReason).toBe("tool_calls");
    expect(reply.toolCalls).toMatchObject([
      { type: "function", function: { name: "read", arguments: readCall.arguments } },
    ]);
  });

  test("takes a conversation that another model began", async () => {
    const first: ModelReply = {
      text: "看看",
      toolCalls: [{ id: "x", type: "function", function: { name: "read", arguments: "{坏" } }],
      finishReason: "tool_calls",
      usage: noUsage,
      providerData: { "别家/模型": [{ type: "reasoning", text: "别人的想法" }] },
    };
    const { reply } = await call(wire, says("好"), continued(first));
    expect(reply.text).toBe("好");
    const sent = JSON.stringify(models.requests[0]?.body);
    for (const part of ["你是助手。", "读一读", "看看", "invalid_json", "内容"]) expect(sent).toContain(part);
    expect(sent).not.toContain("别人的想法");
  });

  test("begins the next request as the last one", async () => {
    const { reply } = await call(wire, { parts: [{ toolCall: readCall }] });
    await call(wire, says("好"), continued(reply));
    const listOf = (index: number) => {
      const { input, messages, contents } = models.requests[index]?.body ?? {};
      return (input ?? messages ?? contents) as unknown[];
    };
    expect(listOf(1).slice(0, listOf(0).length)).toEqual(listOf(0));
  });

  test.each<[string, Turn, ModelError["code"], boolean]>([
    ["a refused key", fails(401, `bad key ${key}`), "model_unauthorized", false],
    ["a rate limit", fails(429, "slow", { "retry-after": "7" }), "model_rate_limited", true],
    ["a fault", fails(500, "oops"), "model_unavailable", true],
    ["an overload", fails(529, "overloaded"), "model_unavailable", true],
    [
      "too long a conversation",
      fails(400, "prompt is too long: 9 tokens > 8 maximum"),
      "model_context_length",
      false,
    ],
    ["a bad request", fails(400, "no such parameter"), "model_rejected", false],
    ["a reset before the first byte", { ...says("好"), resetAfter: 0 }, "model_connection", true],
    ["a reset in the middle", { ...says("好", "的"), resetAfter: 1 }, "model_connection", true],
    [
      "an end in the middle",
      { ...says("好"), finishReason: null, lastWord: false },
      "model_connection",
      true,
    ],
    ["silence before the headers", { ...says("好"), stallAfter: 0 }, "model_stalled", true],
    ["silence in the middle", { ...says("好", "的"), stallAfter: 1 }, "model_stalled", true],
    [
      "a web page",
      { status: 200, headers: { "content-type": "text/html" }, body: "<html>登录</html>" },
      "model_connection",
      true,
    ],
    ["a malformed chunk", { parts: [{ text: "好" }, { raw: "data: {坏\n\n" }] }, "model_malformed", true],
  ])("tells %s", async (_name, turn, code, retryable) => {
    const error = await failure(wire, turn, 300);
    expect([error.code, error.retryable]).toEqual([code, retryable]);
    if (code === "model_rate_limited") expect(error.retryAfterMs).toBe(7_000);
  });

  test.each([0, 1])(
    "aborted after %i chunks rejects with the reason and closes the socket",
    async (stallAfter) => {
      models.script({ ...says("好", "的"), stallAfter });
      const controller = new AbortController();
      const arrived = models.request(0);
      const answer = modelOf(wire).call(request, () => controller.abort("够了"), controller.signal);
      if (stallAfter === 0) arrived.then(() => controller.abort("够了"));
      await expect(answer).rejects.toBe("够了");
      expect(await (await arrived).closedEarly).not.toBeNull();
    },
  );
});

describe("what a provider wants back", () => {
  test("is a thought with its signature for Anthropic", async () => {
    const { reply } = await call("anthropic", {
      parts: [{ reasoning: "想一想", signature: "签名" }, { text: "看看" }, { toolCall: readCall }],
    });
    await call("anthropic", says("好"), continued(reply));
    expect(models.requests[1]?.body.messages).toContainEqual({
      role: "assistant",
      content: [
        { type: "thinking", thinking: "想一想", signature: "签名" },
        { type: "text", text: "看看" },
        expect.objectContaining({ type: "tool_use", name: "read", input: { path: "说明.md" } }),
      ],
    });
  });

  test("is the signature of a call for Google", async () => {
    const { reply } = await call("google", { parts: [{ toolCall: { ...readCall, signature: "签名" } }] });
    await call("google", says("好"), continued(reply));
    expect(JSON.stringify(models.requests[1]?.body.contents)).toContain('"thoughtSignature":"签名"');
  });

  test("is the encrypted reasoning for OpenAI, where nothing is stored", async () => {
    const { reply } = await call("openai", {
      parts: [{ reasoning: "想一想", signature: "密文" }, { toolCall: readCall }],
    });
    await call("openai", says("好"), continued(reply));
    expect(models.requests[0]?.body.store).toBe(false);
    expect(models.requests[1]?.body.input).toContainEqual(
      expect.objectContaining({ type: "reasoning", encrypted_content: "密文" }),
    );
  });

  test("goes to the model it came from alone", async () => {
    const { reply } = await call("anthropic", {
      parts: [{ reasoning: "想一想", signature: "签名" }, { toolCall: readCall }],
    });
    await call("google", says("好"), continued(reply));
    expect(JSON.stringify(models.requests[1]?.body)).not.toContain("想一想");
  });
});
