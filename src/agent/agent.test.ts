import { expect, test } from "vitest";
import { calls, isAnswered, run, says, tool, usage } from "../../test/support/scripted-agent.ts";

test("an answer without tools streams and ends the run", async () => {
  const trace = await run([says("你好")]);
  expect(trace.outcome).toEqual({ status: "ok" });
  expect(trace.events).toEqual([
    { type: "llm_start", step: 1, model: "脚本模型" },
    { type: "text", text: "你" },
    { type: "text", text: "好" },
    expect.objectContaining({ type: "usage", step: 1, tokens_in: 10, cached: 4, cost: 0.000014 }),
    { type: "llm_end", step: 1, tokens_in: 10, tokens_out: 3, finish_reason: "stop" },
  ]);
  expect(trace.messages).toEqual([{ payload: { role: "assistant", content: "你好" }, usage }]);
  expect(trace.order.at(-3)).toBe("message:assistant");
});

test("a tool call is announced, stored, run and answered before the next step", async () => {
  const trace = await run([calls(["read", '{"path":"报告.md"}', "c1"]), says("好")]);
  expect(trace.order).toEqual([
    "llm_start",
    "tool_call",
    "message:assistant",
    "usage",
    "llm_end",
    "tool_result",
    "message:tool",
    "llm_start",
    "text",
    "message:assistant",
    "usage",
    "llm_end",
  ]);
  expect(trace.events[1]).toEqual({
    type: "tool_call",
    id: "c1",
    name: "read",
    arguments: { path: "报告.md" },
  });
  expect(trace.messages[0]?.payload.content).toBeNull();
  expect(trace.messages[1]?.payload).toEqual({
    role: "tool",
    tool_call_id: "c1",
    content: "内容：报告.md",
  });
});

test("each request begins with the one before", async () => {
  const trace = await run([calls(["read", '{"path":"a"}']), calls(["read", '{"path":"b"}']), says("完")]);
  const written = trace.requests.map(({ system, tools, messages }) => [system, tools, ...messages]);
  expect(written).toHaveLength(3);
  for (const [index, request] of written.slice(1).entries()) {
    const before = written[index] ?? [];
    expect(request.slice(0, before.length)).toEqual(before);
    expect(request).toHaveLength(before.length + 2);
  }
});

test("the step limit ends the run with every call answered", async () => {
  const again = calls(["read", '{"path":"x"}']);
  const trace = await run([again, again, again], { maxSteps: 2 });
  expect(trace.outcome).toMatchObject({ status: "error", code: "step_limit" });
  expect(trace.requests).toHaveLength(2);
  expect(isAnswered(trace.messages)).toBe(true);
});

test("what the provider wants back travels with its message", async () => {
  const providerData = { "脚本/模型": { signature: "签名" } };
  const trace = await run([
    async (...given) => ({ ...(await calls(["read", '{"path":"a"}'])(...given)), providerData }),
    says("完"),
  ]);
  expect(trace.messages[0]?.providerData).toEqual(providerData);
  expect(trace.requests[1]?.messages[1]?.providerData).toEqual(providerData);
});

test("a cancel during the last step is a cancel, not a limit", async () => {
  const cancel = new AbortController();
  const last = tool("last", "pure", () => cancel.abort());
  const trace = await run([calls(["last", '{"path":"x"}'])], {
    tools: [last],
    maxSteps: 1,
    signal: cancel.signal,
  });
  expect(trace.outcome).toMatchObject({ status: "cancelled" });
  expect(isAnswered(trace.messages)).toBe(true);
});

test("after a crash that came behind the last word, the model is not asked again", async () => {
  const trace = await run([says("又说一遍")], {
    conversation: [
      { payload: { role: "user", content: "你好" } },
      { payload: { role: "assistant", content: "说完了" } },
    ],
    firstStep: 2,
  });
  expect(trace).toMatchObject({ outcome: { status: "ok" }, events: [], messages: [] });
});

test("messages that come meanwhile enter between two steps, and behind the last word go on the run", async () => {
  const waiting = [
    [],
    [{ pendingId: "p1", content: "先看乙" }],
    [{ pendingId: "p2", content: "还有丙" }],
    [],
  ];
  const trace = await run([calls(["read", '{"path":"甲"}', "c"]), says("看了"), says("丙也看了")], {
    takeMessages: async () => (waiting.splice(0, 1)[0] ?? []).map((message) => ({ ...message, notes: null })),
    conversation: [{ payload: { role: "user", content: "看甲" } }],
    firstStep: 1,
  });
  expect(trace.outcome).toEqual({ status: "ok" });
  expect(trace.requests).toHaveLength(3);
  expect(trace.requests[2]?.messages.map(({ payload }) => payload.content)).toEqual([
    "看甲",
    null,
    "内容：甲",
    "看了",
    "先看乙",
    "还有丙",
  ]);
});

test("asked to leave, it stops between two steps with every call answered", async () => {
  const leave = new AbortController();
  const last = tool("last", "pure", () => leave.abort());
  const trace = await run([calls(["last", '{"path":"x"}'])], { tools: [last], leave: leave.signal });
  expect(trace.outcome).toEqual({ status: "left" });
  expect(isAnswered(trace.messages)).toBe(true);
});
