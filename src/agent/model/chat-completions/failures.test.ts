import { describe, expect, test } from "vitest";
import { joined, key, request, setUpChatModel } from "../../../../test/support/chat-model.ts";
import { fails, says, type Turn } from "../../../../test/support/model-turn.ts";
import { type ModelDelta, ModelError } from "../model.ts";

const server = setUpChatModel();

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
    const error = await server.failure(fails(status, message));
    expect([error.code, error.retryable]).toEqual([code, retryable]);
  });

  test("tells the provider's words, shortened, and which variable to check", async () => {
    const error = await server.failure(fails(401, `no\n${"很".repeat(2_000)}`));
    expect(error.message).toContain("OPENAI_API_KEY");
    expect(error.message).toContain("no 很很");
    expect(error.message.length).toBeLessThan(700);
  });

  test("for want of credit are the provider's own: another one may do", async () => {
    const poor = await server.failure(fails(402, "Insufficient Balance"));
    expect([poor.code, poor.retryable, poor.passable]).toEqual(["model_rejected", false, true]);
    expect((await server.failure(fails(400, "no such parameter"))).passable).toBe(false);
  });

  test("with Retry-After says how long to wait", async () => {
    expect((await server.failure(fails(429, "slow", { "retry-after": "7" }))).retryAfterMs).toBe(7_000);
    expect((await server.failure(fails(503, "slow", { "retry-after-ms": "250" }))).retryAfterMs).toBe(250);
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    const error = await server.failure(fails(429, "slow", { "retry-after": date }));
    expect(error.retryAfterMs).toBeGreaterThan(3_000_000);
  });

  test.each<[string, Turn]>([
    ["a web page", { status: 502, body: "<html><title>Bad Gateway</title>很长</html>" }],
    ["nothing", { status: 500, body: "" }],
    ["plain text", { status: 500, body: "upstream 坏了" }],
    ["half of JSON", { status: 500, body: '{"error": {"mess' }],
    ["a list", { status: 503, body: '[{"error": {"message": "忙", "status": "UNAVAILABLE"}}]' }],
  ])("whose body is %s is readable", async (_name, turn) => {
    const error = await server.failure(turn);
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
    const error = await server.failure(turn, server.modelOf({}, 200));
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
    const error = await server.failure({ parts: [{ text: "好" }, { chunk: value }, { text: "别说了" }] });
    expect([error.code, error.retryable]).toEqual([code, retryable]);
  });

  test("of the address says where", async () => {
    const error = await server.failure(says(), server.modelOf({ baseUrl: "http://127.0.0.1:1/v1" }));
    expect([error.code, error.retryable]).toEqual(["model_connection", true]);
    expect(error.message).toContain("127.0.0.1:1");
  });

  test("keeps the text that came before it in the same read", async () => {
    server.models.script({ parts: [{ text: "先说" }, { chunk: { error: { message: "忙" } } }] });
    const deltas: ModelDelta[] = [];
    const answer = server
      .modelOf()
      .call(request, (delta) => deltas.push(delta), new AbortController().signal);
    await expect(answer).rejects.toBeInstanceOf(ModelError);
    expect(joined(deltas, "text")).toBe("先说");
  });
});

describe("an abort", () => {
  test.each([0, 1])("after %i chunks rejects with its reason and closes the socket", async (stallAfter) => {
    server.models.script({ ...says("好", "的"), stallAfter });
    const controller = new AbortController();
    const arrived = server.models.request(0);
    const answer = server.modelOf().call(request, () => controller.abort("够了"), controller.signal);
    if (stallAfter === 0) arrived.then(() => controller.abort("够了"));
    await expect(answer).rejects.toBe("够了");
    expect(await (await arrived).closedEarly).not.toBeNull();
  });

  test("before the call sends nothing", async () => {
    const answer = server.modelOf().call(request, () => {}, AbortSignal.abort("不要"));
    await expect(answer).rejects.toBe("不要");
    expect(server.models.requests).toHaveLength(0);
  });
});
