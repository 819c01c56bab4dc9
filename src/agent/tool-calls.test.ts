import { expect, test } from "vitest";
import { z } from "zod";
import {
  type Answer,
  calls,
  isAnswered,
  read,
  results,
  run,
  says,
  tool,
} from "../../test/support/scripted-agent.ts";
import type { GivenAnswer } from "../protocol/request.ts";
import type { Approvals } from "./approvals/approval-layers.ts";
import type { ConversationMessage } from "./model/model.ts";
import { unansweredCalls } from "./tool-calls.ts";
import type { Tool, ToolEffect } from "./tools/tool.ts";

/** Rules by which a person is asked about a tool's calls, and by which nobody may make them. */
const askAbout = (name: string): Approvals => ({
  layers: { operator: [{ tool: name, action: "ask" }] },
  waitMs: 1_000,
});
const forbid = (name: string): Approvals => ({
  layers: { operator: [{ tool: name, action: "deny" }] },
  waitMs: 1_000,
});

test("calls that change nothing run at the same time", async () => {
  const { promise: bothStarted, resolve } = Promise.withResolvers<void>();
  let started = 0;
  const meet = tool("meet", "pure", () => {
    if (++started === 2) resolve();
    return bothStarted;
  });
  const trace = await run([calls(["meet", '{"path":"甲"}'], ["meet", '{"path":"乙"}']), says("完")], {
    tools: [meet],
  });
  expect(trace.outcome.status).toBe("ok");
  expect(isAnswered(trace.messages)).toBe(true);
});

test("calls with an effect keep their order among all others", async () => {
  const log: string[] = [];
  const note = (name: string, effect: ToolEffect): Tool =>
    tool(name, effect, async (path) => {
      log.push(`+${path}`);
      await new Promise(setImmediate);
      log.push(`-${path}`);
    });
  await run(
    [
      calls(
        ["look", '{"path":"1"}'],
        ["look", '{"path":"2"}'],
        ["write", '{"path":"3"}'],
        ["write", '{"path":"4"}'],
        ["look", '{"path":"5"}'],
      ),
      says("完"),
    ],
    { tools: [note("look", "pure"), note("write", "workspace")] },
  );
  expect(log).toEqual(["+1", "+2", "-1", "-2", "+3", "-3", "+4", "-4", "+5", "-5"]);
});

test("a call with an effect starts only when it is recorded, one without does not wait", async () => {
  const log: string[] = [];
  await run([calls(["look", '{"path":"x"}'], ["write", '{"path":"x"}']), says("完")], {
    tools: [
      tool("look", "pure", () => log.push("look")),
      tool("write", "workspace", () => log.push("write")),
    ],
    committed: async () => void log.push("committed"),
  });
  expect(log).toEqual(["look", "committed", "write"]);
});

test("a cancel is answered although nothing can be recorded", async () => {
  const cancel = new AbortController();
  const never = new Promise<void>(() => {});
  const trace = await run([calls(["write", '{"path":"x"}'])], {
    tools: [tool("write", "workspace", () => "written")],
    signal: cancel.signal,
    committed: () => {
      setImmediate(() => cancel.abort());
      return never;
    },
  });
  expect(trace.outcome).toMatchObject({ status: "cancelled" });
  expect(results(trace)[0]).toMatch(/before this call started/);
});

test("a cancel in mid-tool answers the running call and those that wait", async () => {
  const cancel = new AbortController();
  const hang = tool("hang", "external", (_path, { signal }) => {
    setImmediate(() => cancel.abort());
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  });
  const trace = await run([calls(["hang", '{"path":"1"}'], ["hang", '{"path":"2"}'])], {
    tools: [hang],
    signal: cancel.signal,
  });
  expect(trace.outcome).toMatchObject({ status: "cancelled" });
  expect(results(trace)).toEqual([
    expect.stringMatching(/while this call was under way/),
    expect.stringMatching(/before this call started/),
  ]);
  expect(isAnswered(trace.messages)).toBe(true);
});

test.each([
  [JSON.stringify('{"path":"甲"}'), "twice encoded"],
  ['{"path":"甲","limit":null}', "null for what is left out"],
])("arguments written as %s are taken as meant: %s", async (text) => {
  const trace = await run([calls(["read", text]), says("完")]);
  expect(results(trace)).toEqual(["内容：甲"]);
});

test("a call that the output limit cut off is answered with advice", async () => {
  const cut: Answer = async (...given) => ({
    ...(await calls(["read", '{"path":"长'])(...given)),
    finishReason: "length",
  });
  const trace = await run([cut, says("完")]);
  expect(results(trace)[0]).toMatch(/cut off by the output limit/);
});

test("a tool that throws is answered without the host's path", async () => {
  const broken = tool("broken", "pure", () => {
    throw new Error("no such file /主机/目录/秘密");
  });
  const trace = await run([calls(["broken", '{"path":"x"}']), says("完")], { tools: [broken] });
  expect(results(trace)).toEqual(["The tool failed unexpectedly: no such file ./秘密"]);
});

test("live output is shown while the tool runs and never after its result", async () => {
  let late: ((text: string) => void) | undefined;
  const chatty = tool("chatty", "pure", (_path, { report }) => {
    report("第一行\0");
    late = report;
  });
  const trace = await run(
    [
      calls(["chatty", '{"path":"x"}', "c"]),
      (...given) => {
        late?.("太晚了");
        return says("完")(...given);
      },
    ],
    { tools: [chatty] },
  );
  expect(trace.events.filter((event) => event.type === "tool_output")).toEqual([
    { type: "tool_output", id: "c", text: "第一行\uFFFD" },
  ]);
});

test("calls that share an id are told apart", async () => {
  const trace = await run([
    calls(["read", '{"path":"a"}', "0"], ["read", '{"path":"b"}', "0"]),
    calls(["read", '{"path":"c"}', "0"]),
    says("完"),
  ]);
  expect(isAnswered(trace.messages)).toBe(true);
  const ids = trace.events.flatMap((event) => (event.type === "tool_result" ? [event.id] : []));
  expect(ids).toEqual(["0", "0-2", "0-3"]);

  const conversation: ConversationMessage[] = trace.messages.concat({
    payload: { role: "user", content: "再来" },
  });
  const later = await run([calls(["read", '{"path":"d"}', "0"]), says("完")], { conversation });
  expect(later.events.find((event) => event.type === "tool_result")).toMatchObject({ id: "0-4" });
});

test("a question is asked once, with what follows it left for later; its answer is the result", async () => {
  const ask: Tool = {
    ...tool("ask", "pure", () => "没人答"),
    question: () => ({ question: "选哪个？", choices: [{ label: "甲" }], fallback: { answers: ["甲"] } }),
    execute: async (_input, { answer }) => ({ content: (answer?.answers ?? []).join(), isError: false }),
  };
  const called: string[] = [];
  const tools = [ask, tool("after", "external", (path) => called.push(path))];
  const answers = [calls(["ask", '{"path":"?"}', "q"], ["after", '{"path":"后"}', "a"])];
  const asked = await run(answers, { tools });
  expect([asked.outcome, called]).toEqual([{ status: "waiting" }, []]);
  const request = asked.events.find((event) => event.type === "request");
  expect(request).toMatchObject({ kind: "question", question: "选哪个？", call_id: "q", deadline: null });
  if (request?.type !== "request") return;

  const conversation = [{ payload: { role: "user", content: "选" } } as const, ...asked.messages];
  const open = { request, answer: null, used: false };
  const still = await run([], { tools, conversation, requests: new Map([["q", open]]) });
  expect([still.outcome, still.events]).toEqual([{ status: "waiting" }, []]);

  const answer: GivenAnswer = { answers: ["乙"], by: "person" };
  const answered = new Map([["q", { ...open, answer }]]);
  const gone = await run([says("好")], { tools, conversation, requests: answered, firstStep: 2 });
  expect(gone.outcome).toEqual({ status: "ok" });
  expect(called).toEqual(["后"]);
  expect(gone.events.slice(0, 2)).toEqual([
    { type: "answered", request_id: request.request_id, ...answer },
    expect.objectContaining({ type: "tool_result", id: "q", content: "乙" }),
  ]);
});

test("what cannot be stored in a model's arguments is replaced, in names too", async () => {
  const wanted = '{"path":"什么\\u0000？","更多\\ud800":["\\udfff"]}';
  const trace = await run([calls(["read", wanted]), says("好")]);
  expect(trace.events.find((event) => event.type === "tool_call")).toMatchObject({
    arguments: { path: "什么\uFFFD？", "更多\uFFFD": ["\uFFFD"] },
  });
  expect(results(trace)).toEqual(["内容：什么\uFFFD？"]);
});

test("a call that a rule forbids has no effect, the model reads why, and nobody is asked", async () => {
  const called: string[] = [];
  const tools = [tool("external", "external", (path) => called.push(path))];
  const trace = await run([calls(["external", '{"path":"x"}']), says("好")], {
    tools,
    approvals: forbid("external"),
  });
  expect([called, trace.outcome]).toEqual([[], { status: "ok" }]);
  expect(results(trace)).toEqual([expect.stringMatching(/a rule of this server forbids the tool external/)]);
  expect(trace.order).not.toContain("request");
});

test("where nobody can be asked, the model is told to report back", async () => {
  const { waitMs: _, ...approvals } = askAbout("read");
  const trace = await run([calls(["read", '{"path":"x"}']), says("好")], {
    approvals: { ...approvals, waitMs: null },
  });
  expect(trace.outcome).toEqual({ status: "ok" });
  expect(results(trace)).toEqual([expect.stringMatching(/Report back/)]);
});

test("a call that the person does not allow has no effect, and the model reads why", async () => {
  const called: string[] = [];
  const tools = [tool("external", "external", (path) => called.push(path))];
  const approvals = askAbout("external");
  const asked = await run([calls(["external", '{"path":"x"}', "c"])], { tools, approvals });
  const request = asked.events.find((event) => event.type === "request");
  if (request?.type !== "request") throw new Error("nobody was asked");
  const answer = { decision: "deny", note: "太危险", by: "person" } as const;
  const trace = await run([says("好")], {
    tools,
    approvals,
    conversation: [{ payload: { role: "user", content: "做" } }, ...asked.messages],
    requests: new Map([["c", { request, answer, used: false }]]),
    firstStep: 2,
  });
  expect([called, trace.outcome]).toEqual([[], { status: "ok" }]);
  expect(results(trace)).toEqual([expect.stringMatching(/did not allow.*太危险/)]);
});

test.each([
  ["read", "", /path/],
  ["read", "{", /not valid JSON/],
  ["read", '"{"', /not valid JSON/],
  ["read", "[1]", /must be one JSON object, not a list/],
  ["read", '{"path":[7]}', /expected string[\s\S]*"required":\["path"\]/],
  ["呼叫", "{}", /no tool named "呼叫". The tools are: read/],
])("a call of %s with %j is answered with what is wrong", async (name, text, expected) => {
  const trace = await run([calls([name, text]), says("懂了")]);
  expect(trace.outcome).toEqual({ status: "ok" });
  expect(results(trace)[0]).toMatch(expected);
  expect(trace.events.find((event) => event.type === "tool_result")).toMatchObject({ is_error: true });
  expect(trace.messages[0]?.payload).toMatchObject({ tool_calls: [{ function: { arguments: text } }] });
});

test("no arguments at all are an empty object", async () => {
  const free: Tool = {
    ...read,
    parameters: z.object({}),
    execute: async () => ({ content: "好", isError: false }),
  };
  const trace = await run([calls(["read", " "]), says("完")], { tools: [free] });
  expect(results(trace)).toEqual(["好"]);
  expect(trace.events.find((event) => event.type === "tool_call")).toMatchObject({ arguments: {} });
});

test("nothing is answered behind the user's back", () => {
  const call = { id: "c", type: "function", function: { name: "read", arguments: "{}" } } as const;
  const asked: ConversationMessage = { payload: { role: "assistant", content: null, tool_calls: [call] } };
  expect(unansweredCalls([asked])).toEqual([call]);
  expect(unansweredCalls([asked, { payload: { role: "user", content: "新的" } }])).toEqual([]);
});
