import { expect, test } from "vitest";
import { fails, run, says, stalls, usage } from "../../test/support/scripted-agent.ts";
import { ModelError } from "./model/model.ts";

test("a cancel in mid-stream keeps what was said", async () => {
  const cancel = new AbortController();
  const trace = await run([stalls("说到一半", () => cancel.abort())], { signal: cancel.signal });
  expect(trace.outcome).toEqual({ status: "cancelled", partialText: "说到一半" });
  expect(trace.order).toEqual(["llm_start", "text"]);
});

test("a cancel before anything was said stores nothing", async () => {
  const trace = await run([says("你好")], { signal: AbortSignal.abort() });
  expect(trace).toMatchObject({ outcome: { status: "cancelled" }, events: [], messages: [] });
});

test("a retry makes the step again under its number and drops what was streamed", async () => {
  const busy = new ModelError("model_rate_limited", "太忙了", { retryable: true });
  const trace = await run([fails(busy, "半句"), fails(busy), says("整句")], {
    planRetry: (error, attempt) => (error.retryable && attempt < 3 ? { waitMs: attempt } : null),
  });
  expect(trace.outcome).toEqual({ status: "ok" });
  expect(trace.events.filter((event) => event.type === "retry")).toEqual([
    { type: "retry", attempt: 1, reason: "太忙了", wait_ms: 1 },
    { type: "retry", attempt: 2, reason: "太忙了", wait_ms: 2 },
  ]);
  const starts = trace.events.flatMap((event) => (event.type === "llm_start" ? [event.step] : []));
  expect(starts).toEqual([1, 1, 1]);
  expect(trace.messages.map((message) => message.payload)).toEqual([{ role: "assistant", content: "整句" }]);
});

test("a failure for good ends the run with its code and keeps what was said", async () => {
  const denied = new ModelError("model_unauthorized", "密钥无效", { retryable: false });
  const trace = await run([fails(denied, "开头")], { planRetry: () => null });
  expect(trace.outcome).toEqual({
    status: "error",
    code: "model_unauthorized",
    message: "密钥无效",
    partialText: "开头",
  });
});

test("a model that breaks its contract is an error, not a crash", async () => {
  const trace = await run([]);
  expect(trace.outcome).toMatchObject({ status: "error", code: "model_failed" });
});

test("the wait before a retry ends at once on cancel", async () => {
  const cancel = new AbortController();
  const busy = new ModelError("model_unavailable", "稍后", { retryable: true });
  const trace = await run([fails(busy)], {
    signal: cancel.signal,
    planRetry: () => {
      setImmediate(() => cancel.abort());
      return { waitMs: 3_600_000 };
    },
  });
  expect(trace.outcome).toMatchObject({ status: "cancelled" });
});

test("an empty answer is asked for once more, then is an error", async () => {
  const mended = await run([says(" "), says("有话")]);
  expect(mended.outcome).toEqual({ status: "ok" });
  expect(mended.order.slice(0, 6)).toEqual([
    ...["llm_start", "text", "usage", "llm_end", "retry", "llm_start"],
  ]);

  const twice = await run([says(""), says("\n")]);
  expect(twice.outcome).toMatchObject({ status: "error", code: "model_empty" });
  expect(twice.messages).toEqual([]);
});

test("an answer that the limit or a filter left empty is not asked for again", async () => {
  const cut = await run([says("", "length")]);
  expect(cut.outcome).toMatchObject({ status: "error", code: "model_empty" });
  const filtered = await run([says("", "content_filter")]);
  expect(filtered.outcome).toMatchObject({ status: "error", code: "model_filtered" });
});

test("text is made storable, and a character split between two pieces survives", async () => {
  const trace = await run([
    (_request, onDelta) => {
      for (const text of ["a\0", "\ud83d", "\ude00", "\udc00"]) onDelta({ type: "text", text });
      return { text: "a\0\ud83d\ude00\udc00", toolCalls: [], finishReason: "stop", usage };
    },
  ]);
  const texts = trace.events.flatMap((event) => (event.type === "text" ? [event.text] : []));
  expect(texts).toEqual(["a\uFFFD", "😀", "\uFFFD"]);
  expect(trace.messages[0]?.payload.content).toBe("a\uFFFD😀\uFFFD");
});
