import { expect, test } from "vitest";
import {
  type Answer,
  calls,
  fails,
  isAnswered,
  read,
  results,
  run,
  says,
  type Trace,
  tool,
  usage,
} from "../../../test/support/scripted-agent.ts";
import type { AgentEvent } from "../agent.ts";
import { type Model, ModelError } from "../model/model.ts";
import type { Tool } from "../tools/tool.ts";
import { createDelegateTool } from "./delegate-tool.ts";

const delegateTool = createDelegateTool([]);
const ask: Tool = { ...tool("ask", "pure", () => "没人答"), question: () => ({ question: "？" }) };
const tools = [read, delegateTool, ask, tool("remember", "external", () => "记住了")];
const hand = (task: string, more: Record<string, unknown> = {}): Answer =>
  calls(["delegate", JSON.stringify({ task, ...more }), "d"]);

/** What was said by the sub-agent of a call. */
function nested(trace: Trace, id = "d"): AgentEvent[] {
  return trace.events.flatMap((event) =>
    event.type === "delegated" && event.id === id ? [event.event as AgentEvent] : [],
  );
}

test("a sub-agent works in a conversation of its own, and its last words are the result", async () => {
  const trace = await run(
    [hand("读甲，报告内容"), calls(["read", '{"path":"甲"}', "内"]), says("甲里有三行"), says("好")],
    { tools },
  );
  expect(trace.outcome).toEqual({ status: "ok" });
  expect(results(trace)).toEqual(["甲里有三行"]);
  expect(isAnswered(trace.messages)).toBe(true);
  expect(trace.messages.map(({ payload }) => payload.role)).toEqual(["assistant", "tool", "assistant"]);
  const [, first, second] = trace.requests;
  expect(first?.system).toMatch(/You are zcbot[\s\S]*You are a sub-agent/);
  expect(first?.messages.map(({ payload }) => payload)).toEqual([
    { role: "user", content: "读甲，报告内容" },
  ]);
  expect(first?.tools.map(({ name }) => name)).toEqual(["read", "delegate"]);
  expect(second?.messages).toHaveLength(3);
  expect(nested(trace).map(({ type }) => type)).toEqual([
    "llm_start",
    "tool_call",
    "llm_end",
    "tool_result",
    "llm_start",
    ..."甲里有三行".split("").map(() => "text"),
    "llm_end",
  ]);
});

test("each of its model calls is counted once, as the run's", async () => {
  const trace = await run([hand("做"), says("做完"), says("好")], { tools });
  const counted = trace.events.filter((event) => event.type === "usage");
  expect(counted.map(({ purpose, step }) => [purpose, step])).toEqual([
    ["step", 1],
    ["delegate", 1],
    ["step", 2],
  ]);
  expect(counted.every(({ tokens_in }) => tokens_in === usage.tokensIn)).toBe(true);
  expect(nested(trace).some(({ type }) => type === "usage")).toBe(false);
});

test("no agent stands deeper than two below the run's own", async () => {
  const trace = await run(
    [
      hand("一"),
      hand("二"),
      calls(["delegate", '{"task":"三"}', "深"]),
      says("到底"),
      says("上"),
      says("好"),
    ],
    { tools },
  );
  expect(trace.outcome).toEqual({ status: "ok" });
  expect(trace.requests.map(({ tools: given }) => given.some(({ name }) => name === "delegate"))).toEqual([
    true,
    true,
    false,
    false,
    true,
    true,
  ]);
  const [inner] = nested(trace).filter(({ type }) => type === "delegated");
  expect(inner).toMatchObject({ id: "d", event: { type: "llm_start", step: 1 } });
  const deepest = trace.events.filter((event) => event.type === "usage" && event.purpose === "delegate");
  expect(deepest).toHaveLength(4);
});

test("sub-agents use up the run's own steps, and leave it some to finish", async () => {
  const busy = Array.from({ length: 6 }, (_, index) => calls(["read", `{"path":"${index}"}`]));
  const trace = await run([hand("忙"), ...busy, says("尽力了")], { tools, maxSteps: 10 });
  expect(trace.requests).toHaveLength(8);
  expect(results(trace)[0]).toMatch(/did not finish \(step_limit\)/);
  expect(trace.outcome).toEqual({ status: "ok" });

  const late = await run([hand("晚了"), says("自己做")], { tools, maxSteps: 4 });
  expect(results(late)[0]).toMatch(/Too few steps/);
});

test("its failure is a result", async () => {
  const failure = new ModelError("model_unauthorized", "密钥不对", { retryable: false });
  const trace = await run([hand("做"), fails(failure, "半句"), says("好")], { tools });
  expect(trace.outcome).toEqual({ status: "ok" });
  expect(results(trace)[0]).toMatch(/did not finish \(model_unauthorized\): 密钥不对/);
  expect(trace.events).toContainEqual(expect.objectContaining({ type: "tool_result", is_error: true }));
});

test("what a person would have to allow is not done, and its report says so; nobody is asked", async () => {
  const called: string[] = [];
  const withEffect = [...tools, tool("push", "external", (path) => called.push(path))];
  const trace = await run(
    [hand("推"), calls(["push", '{"path":"上"}', "推"]), says("要先问人"), says("好")],
    {
      tools: withEffect,
      approvals: { layers: { user: [{ tool: "push", action: "ask" }] }, waitMs: 1_000 },
    },
  );
  expect([called, trace.outcome]).toEqual([[], { status: "ok" }]);
  expect(nested(trace)).toContainEqual(
    expect.objectContaining({ type: "tool_result", content: expect.stringMatching(/Report back/) }),
  );
  expect(JSON.stringify(trace.events)).not.toContain('"type":"request"');
});

test("a cancel stops it, and all is answered", async () => {
  const cancel = new AbortController();
  const stuck: Answer = (_request, onDelta, signal) => {
    onDelta({ type: "text", text: "正在" });
    setImmediate(() => cancel.abort());
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  };
  const trace = await run([hand("做"), stuck], { tools, signal: cancel.signal });
  expect(trace.outcome).toMatchObject({ status: "cancelled" });
  expect(results(trace)).toEqual([expect.stringMatching(/stopped while this call was under way/)]);
});

test("a server that goes stops it at its next step; the report tells how far it came", async () => {
  const leave = new AbortController();
  const last: Answer = (...given) => {
    leave.abort();
    return {
      ...(calls(["read", '{"path":"甲"}'])(...given) as Awaited<ReturnType<Answer>>),
      text: "先读甲",
    };
  };
  const trace = await run([hand("做"), last], { tools, leave: leave.signal });
  expect(trace.outcome).toEqual({ status: "left" });
  expect(results(trace)).toEqual([expect.stringMatching(/before it had finished[\s\S]*先读甲/)]);
});

test("those that only look have no tool that changes anything, and work side by side", async () => {
  let waiting = 0;
  const { promise: both, resolve } = Promise.withResolvers<void>();
  const meet: Answer = async (...given) => {
    if (++waiting === 2) resolve();
    await both;
    return await says("看过了")(...given);
  };
  const look = JSON.stringify({ task: "看", access: "read" });
  const trace = await run(
    [calls(["delegate", look, "一"], ["delegate", look, "二"]), meet, meet, says("好")],
    {
      tools: [...tools, tool("write", "workspace", () => "写了")],
    },
  );
  expect(results(trace)).toEqual(["看过了", "看过了"]);
  expect(trace.requests[1]?.tools.map(({ name }) => name)).toEqual(["read"]);
});

test("after a crash it is not known what a sub-agent did; one that only looked is sent again", async () => {
  const left = (access: string) => [
    { payload: { role: "user", content: "做" } } as const,
    {
      payload: {
        role: "assistant" as const,
        content: null,
        tool_calls: [
          {
            id: "d",
            type: "function" as const,
            function: { name: "delegate", arguments: JSON.stringify({ task: "做", access }) },
          },
        ],
      },
    },
  ];
  const more = { tools, firstStep: 2, interrupted: true };
  const all = await run([says("好")], { ...more, conversation: left("all") });
  expect(results(all)[0]).toMatch(/not known whether it took effect/);
  const looked = await run([says("看到了"), says("好")], { ...more, conversation: left("read") });
  expect(results(looked)).toEqual(["看到了"]);
});

test("a sub-agent can have another model, whose rules and instructions then count", async () => {
  const seen: string[] = [];
  const cheap: Model = {
    id: "便宜",
    facts: {
      profile: "便宜",
      contextWindow: 100_000,
      maxOutputTokens: undefined,
      vision: false,
      prices: null,
    },
    async call(request) {
      seen.push(request.system);
      return { text: "便宜地做完", toolCalls: [], finishReason: "stop", usage };
    },
  };
  const profileFor = (name: string) =>
    name === "便宜"
      ? { model: cheap, fallbacks: [], summaryModel: cheap, instructions: "只说中文。", approvals: [] }
      : undefined;
  const trace = await run([hand("做", { profile: "便宜" }), says("好")], {
    tools: [createDelegateTool(["贵", "便宜"])],
    profileFor,
  });
  expect(results(trace)).toEqual(["便宜地做完"]);
  expect(seen[0]).toContain("只说中文。");
  expect(trace.events).toContainEqual(
    expect.objectContaining({ type: "usage", purpose: "delegate", model: "便宜" }),
  );
});

test("no other profile lifts the rules of this one; what either forbids is not done", async () => {
  const called: string[] = [];
  const push = tool("push", "external", (path) => called.push(path));
  const pull = tool("pull", "external", (path) => called.push(path));
  const profileFor = (name: string) => {
    const answers = [calls(["push", '{"path":"上"}', "推"], ["pull", '{"path":"下"}', "拉"]), says("不让")];
    const model: Model = {
      id: name,
      facts: {
        profile: name,
        contextWindow: 100_000,
        maxOutputTokens: undefined,
        vision: false,
        prices: null,
      },
      call: async (request, onDelta, signal) =>
        await (answers.shift() ?? says("完"))(request, onDelta, signal),
    };
    const approvals = [
      { tool: "push", action: "allow" as const },
      { tool: "pull", action: "deny" as const },
    ];
    return { model, fallbacks: [], summaryModel: model, instructions: "", approvals };
  };
  const trace = await run([hand("推", { profile: "松" }), says("好")], {
    tools: [createDelegateTool(["紧", "松"]), push, pull],
    profileFor,
    approvals: {
      layers: {
        profile: [
          { tool: "push", action: "deny" },
          { tool: "pull", action: "allow" },
        ],
      },
      waitMs: null,
    },
  });
  expect([called, results(trace)]).toEqual([[], ["不让"]]);
  const refusals = nested(trace).filter(
    (event) => event.type === "tool_result" && /of the model's profile forbids/.test(event.content),
  );
  expect(refusals).toHaveLength(2);
});
