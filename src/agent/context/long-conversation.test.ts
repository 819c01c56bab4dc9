import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { calls, facts, fails, isAnswered, run, says, tool } from "../../../test/support/scripted-agent.ts";
import { openDirectory } from "../../workspace/open-directory.ts";
import { type ConversationMessage, type Model, ModelError, type ModelRequest } from "../model/model.ts";
import { ContextRecord } from "./context-record.ts";
import { estimateRequest } from "./context-state.ts";
import { createContext } from "./create-context.ts";

let host: string;

beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-长对话-"));
});

afterEach(() => rm(host, { recursive: true }));

const window = facts.contextWindow;
/** 90 KB of what tools give. */
const output = "合同编号 2026-001，金额 1,234.50 元。\n".repeat(2_000);
const goal = "汇总全部合同，编号写全，输出 合同/汇总.xlsx";

async function contextFor(record: unknown, firstIdx: number, summaries: ModelRequest[]) {
  const directory = await openDirectory(host);
  const sections = [{ name: "任务", text: "你是助手" }];
  const summaryModel: Model = {
    id: "小模型",
    facts: { ...facts, contextWindow: 30_000 },
    async call(request) {
      summaries.push(request);
      const text = `目标：${goal}\n文件：合同/汇总.xlsx\n第 ${summaries.length} 次`;
      const usage = { tokensIn: 100, tokensOut: 20, cached: 0, cacheWrites: 0, reasoning: 0 };
      return { text, toolCalls: [], finishReason: "stop", usage };
    },
  };
  const place = { directory, userRoot: directory, directoryName: "" };
  return createContext({
    ...{ record, firstIdx, sections, renewSections: async () => sections, isResumed: false },
    ...place,
    summaryModel,
  });
}

/** What would be refused by a real model of that window. */
function check(request: ModelRequest): void {
  const record = ContextRecord.parse({ sections: [{ name: "", text: request.system }] });
  expect(estimateRequest(record, request.tools, request.messages)).toBeLessThan(window);
  const messages = request.messages.map(({ payload }) => ({ payload }));
  expect(isAnswered(messages)).toBe(true);
  const text = messages.map(({ payload }) => payload.content).join("\n");
  expect(text).toContain(goal);
}

test("1,000 messages and 20 MB of what tools gave go on working, cut where they must be", {
  timeout: 60_000,
}, async () => {
  const summaries: ModelRequest[] = [];
  const conversation: ConversationMessage[] = [];
  let record: unknown = null;
  let compactions = 0;
  let count = 0;
  let breaks = 0;
  for (let round = 0; round < 5; round++) {
    conversation.push({ payload: { role: "user", content: round === 0 ? goal : `接着做第 ${round} 批` } });
    const { summarizedBefore } = record === null ? { summarizedBefore: 0 } : ContextRecord.parse(record);
    const trace = await run(
      [
        ...Array.from({ length: 100 }, (_, step) =>
          calls(["read", '{"path":"合同.md"}', `c${round}-${step}`]),
        ),
        says("这一批好了"),
      ],
      {
        context: await contextFor(record, summarizedBefore, summaries),
        conversation: conversation.slice(summarizedBefore),
        tools: [tool("read", "pure", () => (count++ % 2 === 0 ? output : "没有别的"))],
        maxSteps: 200,
      },
    );
    expect(trace.outcome).toEqual({ status: "ok" });
    for (const request of trace.requests) check(request);
    for (const [index, { messages }] of trace.requests.slice(1).entries()) {
      const before = trace.requests[index]?.messages ?? [];
      if (before.some((message, place) => message !== messages[place])) breaks++;
    }
    compactions += trace.events.filter(({ type }) => type === "compaction").length;
    conversation.push(...trace.messages);
    record = trace.contexts.at(-1) ?? record;
  }
  expect(conversation.length).toBe(5 * 202);
  expect(compactions).toBeGreaterThan(10);
  // The prefix is cut by compactions and by nothing else.
  expect(breaks).toBeLessThanOrEqual(compactions);
  expect((await readdir(join(host, ".zcbot/results"))).length).toBeGreaterThan(200);
  for (const { system, messages } of summaries) {
    const sent = ContextRecord.parse({ sections: [{ name: "", text: system }] });
    expect(estimateRequest(sent, [], messages)).toBeLessThan(30_000);
  }
});

test("a step that the model refuses as too long twice ends the run, though more could be left out", async () => {
  const refused = new ModelError("model_context_length", "对话太长", { retryable: false });
  const said = Array.from({ length: 60 }, (_, index): ConversationMessage => {
    const content = `第${index}句：${"话".repeat(400)}`;
    return { payload: index % 2 === 0 ? { role: "user", content } : { role: "assistant", content } };
  });
  const conversation = [...said, { payload: { role: "user", content: goal } } as const];
  const trace = await run([fails(refused), fails(refused), says("到不了")], {
    context: await contextFor(null, 0, []),
    conversation,
  });
  expect(trace.outcome).toMatchObject({ status: "error", code: "model_context_length" });
  expect(trace.requests.map(({ messages }) => messages.length < 40)).toEqual([false, true]);
  expect(trace.events.filter(({ type }) => type === "compaction")).toHaveLength(1);
});

test("a step that fits after one cut goes on", async () => {
  const refused = new ModelError("model_context_length", "对话太长", { retryable: false });
  const trace = await run([calls(["read", '{"path":"甲"}']), fails(refused), says("好了")], {
    context: await contextFor(null, 0, []),
    tools: [tool("read", "pure", () => output)],
  });
  expect(trace.outcome).toEqual({ status: "ok" });
  expect(trace.requests[2]?.messages.at(-1)?.payload.content?.length).toBeLessThan(2_000);
  expect(trace.messages[1]?.payload.content).toBe(output);
});

test("where nothing can be left out the refusal ends the run", async () => {
  const refused = new ModelError("model_context_length", "对话太长", { retryable: false });
  const trace = await run([fails(refused), says("到不了")], { context: await contextFor(null, 0, []) });
  expect(trace.outcome).toMatchObject({ status: "error", code: "model_context_length", message: "对话太长" });
  expect(trace.requests).toHaveLength(1);
});
