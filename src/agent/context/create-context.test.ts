import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDirectory } from "../../workspace/open-directory.ts";
import type { AgentEvent, AgentSink } from "../agent.ts";
import { type ConversationMessage, type Model, ModelError, type ModelRequest } from "../model/model.ts";
import type { ContextKeeper } from "./context-keeper.ts";
import { ContextRecord, systemOf } from "./context-record.ts";
import type { ContextInput } from "./context-state.ts";
import { createContext } from "./create-context.ts";

let host: string;
let events: AgentEvent[];
let records: ContextRecord[];
let summaries: ModelRequest[];

beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-上下文-"));
  events = [];
  records = [];
  summaries = [];
});

afterEach(() => rm(host, { recursive: true }));

const sink: AgentSink = {
  event: (event) => void events.push(event),
  message: () => 0,
  context: (record) => void records.push(ContextRecord.parse(JSON.parse(JSON.stringify(record)))),
  committed: async () => {},
};

const facts = {
  profile: "小",
  contextWindow: 20_000,
  maxOutputTokens: 2_000,
  vision: false,
  prices: null,
};

function model(call: Model["call"] = async (request) => summarized(request)): Model {
  return { id: "模型", facts, call };
}

function summarized(request: ModelRequest, text = "目标：汇总三十份合同") {
  summaries.push(request);
  const usage = { tokensIn: 900, tokensOut: 50, cached: 0, cacheWrites: 0, reasoning: 0 };
  return { text, toolCalls: [], finishReason: "stop" as const, usage };
}

async function create(more: Partial<ContextInput> = {}): Promise<ContextKeeper> {
  const directory = await openDirectory(host);
  const sections = [{ name: "任务", text: "你是助手" }];
  return createContext({
    record: null,
    firstIdx: 0,
    sections,
    renewSections: async () => [...sections, { name: "新", text: "重新写过" }],
    isResumed: false,
    directory,
    userRoot: directory,
    directoryName: "",
    summaryModel: model(),
    ...more,
  });
}

/** A step: a call of `read`, and what it gave. */
function step(number: number, length: number): ConversationMessage[] {
  const call = {
    id: `c${number}`,
    type: "function" as const,
    function: { name: "read", arguments: `{"path":"合同${number}.md"}` },
  };
  return [
    { payload: { role: "assistant", content: null, tool_calls: [call] } },
    { payload: { role: "tool", tool_call_id: call.id, content: `${number}：${"合".repeat(length)}` } },
  ];
}

function steps(count: number, length: number): ConversationMessage[] {
  const first: ConversationMessage = {
    payload: { role: "user", content: "请汇总全部合同，用表格，一份也不能少" },
  };
  return [first, ...Array.from({ length: count }, (_, number) => step(number, length)).flat()];
}

function coming(conversation: ConversationMessage[], by = model()) {
  return { step: 1, model: by, tools: [], conversation };
}

const never = new AbortController().signal;

test("what fits is shown as it is, under the sections as they were first", async () => {
  const context = await create();
  const conversation = steps(2, 100);
  const first = await context.prepare(coming(conversation), sink, never);
  expect(first).toEqual({ system: "你是助手", tools: [], messages: conversation });
  expect(records).toHaveLength(1);
  conversation.push(...step(3, 100));
  const second = await context.prepare(coming(conversation), sink, never);
  expect(second.messages).toEqual(conversation);
  expect(records).toHaveLength(1);

  const again = await create({ record: records[0], sections: [{ name: "任务", text: "你是别的助手" }] });
  conversation.push(
    { payload: { role: "assistant", content: "好" } },
    { payload: { role: "user", content: "再来" } },
  );
  const later = await again.prepare(coming(conversation), sink, never);
  expect(later.system).toBe("你是助手");
  expect(later.messages.slice(0, -1)).toEqual(conversation.slice(0, -1));
  expect(later.messages.at(-1)?.payload.content).toMatch(/^再来\n\n[\s\S]*你是别的助手/);
});

test("a run that goes on after a crash is shown what it was shown before", async () => {
  const conversation = steps(2, 100);
  const before = await (await create()).prepare(coming(conversation), sink, never);
  const sections = [{ name: "任务", text: "变了" }];
  const resumed = await create({ record: records[0], sections, isResumed: true });
  expect(await resumed.prepare(coming(conversation), sink, never)).toEqual(before);
  expect(records).toHaveLength(1);
});

test("large old results are pruned first, and their files hold the whole", async () => {
  const context = await create();
  const conversation = steps(6, 1_200);
  const large = "头".repeat(7_000);
  conversation.splice(2, 1, { payload: { role: "tool", tool_call_id: "c0", content: large } });
  conversation.splice(4, 1, { payload: { role: "tool", tool_call_id: "c1", content: `${large}一` } });
  const { system, messages } = await context.prepare(coming(conversation), sink, never);
  expect(events).toEqual([expect.objectContaining({ type: "compaction", kind: "pruned" })]);
  expect(summaries).toEqual([]);
  expect(system).toContain("重新写过");
  const path = /The whole result is in (\S+):/.exec(messages[2]?.payload.content ?? "")?.[1] ?? "";
  expect(path).toMatch(/^\.zcbot\/results\/2-read-/);
  expect(await readFile(join(host, path), "utf8")).toBe(large);
  expect(messages.at(-1)).toBe(conversation.at(-1));
});

test("what pruning does not fit in is summarized; the record and the tail of the messages give the same again", async () => {
  const context = await create();
  const conversation = steps(30, 1_500);
  const { messages } = await context.prepare(coming(conversation), sink, never);
  expect(new Set(events.slice(0, -1).map(({ type }) => type))).toEqual(new Set(["usage"]));
  expect(events[0]).toMatchObject({ purpose: "summary", tokens_in: 900 });
  expect(events.at(-1)).toMatchObject({ kind: "summarized", summary: "目标：汇总三十份合同" });
  expect(messages[0]?.payload.content).toContain("目标：汇总三十份合同");
  expect(messages[0]?.payload.content).toContain("请汇总全部合同，用表格，一份也不能少");
  expect(messages[1]?.payload.role).toBe("assistant");
  expect(messages.at(-1)).toBe(conversation.at(-1));

  const { summarizedBefore } = records[0] ?? { summarizedBefore: 0 };
  expect(summarizedBefore).toBeGreaterThan(20);
  const resumed = await create({ record: records[0], firstIdx: summarizedBefore, isResumed: true });
  const tail = conversation.slice(summarizedBefore);
  expect((await resumed.prepare(coming(tail), sink, never)).messages).toEqual(messages);

  conversation.push(...step(99, 100));
  const next = await context.prepare(coming(conversation), sink, never);
  expect(next.messages.slice(0, messages.length)).toEqual(messages);
  expect(records).toHaveLength(1);
});

test("the person's last words are shown whole after a cut in mid-run, with their files and the skill they started", async () => {
  const context = await create();
  const conversation = steps(30, 1_500);
  const notes = { attachments: ["合同/甲.docx"], skill: { name: "报告", text: "# 技能：报告\n先写摘要" } };
  conversation[0] = { payload: { role: "user", content: "/报告 请汇总" }, notes };
  const { messages } = await context.prepare(coming(conversation), sink, never);
  expect(messages[0]?.payload.content).toMatch(
    /\/报告 请汇总\n\n\[Files .*"合同\/甲.docx"\]\n\n# 技能：报告\n先写摘要/,
  );
});

test("the plan survives a summary as it was last written", async () => {
  const context = await create();
  const conversation = steps(30, 1_500);
  const call = {
    id: "t",
    type: "function" as const,
    function: { name: "todo", arguments: '{"items":[{"content":"核对金额","status":"in_progress"}]}' },
  };
  conversation.splice(
    3,
    0,
    { payload: { role: "assistant", content: null, tool_calls: [call] } },
    { payload: { role: "tool", tool_call_id: "t", content: "Plan kept. 1 of 1 left to do." } },
  );
  const { messages } = await context.prepare(coming(conversation), sink, never);
  expect(messages[0]?.payload.content).toContain("- [in_progress] 核对金额");
});

test("a second summary is made from the first one", async () => {
  const context = await create();
  const conversation = steps(30, 1_500);
  await context.prepare(coming(conversation), sink, never);
  const before = summaries.length;
  conversation.push(...steps(30, 1_500).slice(1));
  await context.prepare(coming(conversation), sink, never);
  expect(summaries.length).toBeGreaterThan(before);
  expect(summaries[before]?.messages[0]?.payload.content).toContain(
    "<notes>\n目标：汇总三十份合同\n</notes>",
  );
});

test("a summary that will not end is cut to what the window can spare", async () => {
  const chatty = model(async (request) => summarized(request, "长".repeat(30_000)));
  const context = await create({ summaryModel: chatty });
  const { messages } = await context.prepare(coming(steps(30, 1_500)), sink, never);
  expect(messages[0]?.payload.content?.length).toBeLessThan(4_000);
});

test("where the summary fails the essentials stand there, honestly", async () => {
  const summaryModel = model(async () => {
    throw new ModelError("model_unauthorized", "密钥无效", { retryable: false });
  });
  const context = await create({ summaryModel });
  const { messages } = await context.prepare(coming(steps(30, 1_500)), sink, never);
  const told = messages[0]?.payload.content ?? "";
  expect(told).toContain("No summary could be made (密钥无效)");
  expect(told).toContain("合同3.md");
  expect(told).toContain("请汇总全部合同，用表格，一份也不能少");
  expect(events.at(-1)).toMatchObject({ type: "compaction", kind: "summarized" });
});

test("a cancel ends a summary at once and changes nothing", async () => {
  const cancel = new AbortController();
  const summaryModel = model((_request, _onDelta, signal) => {
    setImmediate(() => cancel.abort(new Error("停")));
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  });
  const context = await create({ summaryModel });
  await expect(context.prepare(coming(steps(30, 1_500)), sink, cancel.signal)).rejects.toThrow("停");
  expect(records).toEqual([]);
  expect(events).toEqual([]);
});

test("where the newest step alone is too much, the conversation is not cut again and again", async () => {
  const context = await create();
  const conversation = [...steps(0, 0), ...step(1, 19_000)];
  await context.prepare(coming(conversation), sink, never);
  await context.prepare(coming(conversation), sink, never);
  expect(events.filter(({ type }) => type === "compaction").length).toBeLessThanOrEqual(1);
});

test("what the provider refuses is made smaller, down to the newest results, and no more after that", async () => {
  const context = await create();
  const conversation = [...steps(0, 0), ...step(1, 9_000)];
  const call = coming(conversation, { ...model(), facts: { ...facts, contextWindow: 1_000_000 } });
  await context.prepare(call, sink, never);
  expect(events).toEqual([]);
  const smaller = await context.shrink(call, sink, never);
  expect(smaller?.messages.at(-1)?.payload.content).toContain(
    "The whole result is in .zcbot/results/2-read-",
  );
  expect(await readdir(join(host, ".zcbot/results"))).toHaveLength(1);
  expect(await context.shrink(call, sink, never)).toBeNull();
});

test("the provider's own count decides, where the messages carry one of this model", async () => {
  const conversation = steps(3, 100);
  const answer = conversation.at(-2);
  if (answer) answer.tokensIn = 19_000;
  const events19 = await create();
  await events19.prepare(coming(conversation), sink, never);
  expect(records[0]?.model).toBe("模型");
  // Nothing can be gained, so nothing is cut; under another model the figure does not count.
  const other = await create({ record: { ...records[0], model: "别的" } });
  await other.prepare(coming(conversation), sink, never);
  expect(records.at(-1)).toMatchObject({ model: "模型", countedFrom: conversation.length });
});

test("a stored record that is none begins a context anew", async () => {
  const context = await create({ record: { sections: "?" } });
  expect((await context.prepare(coming(steps(1, 1)), sink, never)).system).toBe(
    systemOf({ sections: [{ name: "任务", text: "你是助手" }] }),
  );
});
