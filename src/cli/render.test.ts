import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { RunEvent } from "../protocol/event.ts";
import { createRenderer } from "./render.ts";

/** What a terminal (or a pipe) shows of these events: both streams as they come, notes in brackets. */
function show(events: RunEvent[], isTTY = false): string {
  let shown = "";
  const stream = (before: string, after: string) => {
    const writable = new Writable({
      decodeStrings: false,
      write(text: string, _encoding, done) {
        shown += before + text + after;
        done();
      },
    });
    return Object.assign(writable, { isTTY }) as unknown as NodeJS.WriteStream;
  };
  const render = createRenderer({ output: stream("", ""), notes: stream("[", "]") });
  events.forEach((event, index) => {
    render({ ...event, seq: index + 1 });
  });
  return shown;
}

const start: RunEvent = { type: "llm_start", step: 1, model: "模型" };
const end: RunEvent = { type: "llm_end", step: 1, tokens_in: 1, tokens_out: 1, finish_reason: "stop" };

describe("what a run says in a terminal", () => {
  test("is the answer, a line for each call and one for its result", () => {
    const call: RunEvent = {
      type: "tool_call",
      id: "c",
      name: "bash",
      arguments: { timeout: 3, command: "ls\npwd" },
    };
    const result = { id: "c", name: "bash", content: "没有\n更多", is_error: true, duration_ms: 1_240 };
    const events: RunEvent[] = [
      start,
      { type: "text", text: "我看看" },
      call,
      end,
      { type: "tool_result", ...result },
    ];
    expect(show(events)).toBe("我看看\n[→ bash ls\n][✗ bash, 1.2 s: 没有\n]");
  });

  test("ends each step's text with its line, and says when a step begins again", () => {
    const text: RunEvent = { type: "text", text: "一半" };
    const events: RunEvent[] = [start, text, start, { type: "text", text: "全部" }, end];
    expect(show(events)).toBe("一半\n[The answer begins again:\n]全部\n");
  });

  test("cannot move the cursor of a terminal; a pipe gets it as it is", () => {
    const text: RunEvent = { type: "text", text: "红\u001b[31m色\u009b2J\t\n" };
    expect(show([text], true)).toBe("红[31m色2J\t\n");
    expect(show([text])).toBe(text.text);
    const call: RunEvent = { type: "tool_call", id: "c", name: "x\u001b]0;", arguments: "\u0007坏" };
    expect(show([call])).toBe("[→ x]0; 坏\n]");
  });

  test("tells of the queue, of messages on the way, and of a server that was lost", () => {
    const events: RunEvent[] = [
      { type: "queued", position: 2 },
      start,
      { type: "text", text: "一半" },
      { type: "resumed", step: 1, reason: "server_lost" },
      start,
      { type: "text", text: "全部" },
      end,
      { type: "steered", pending_id: "p", idx: 2, content: "用中文\n回答" },
      { type: "resumed", step: 2, reason: "answered" },
    ];
    expect(show(events)).toBe(
      "[Waiting for a place in the queue: number 2.\n]一半\n" +
        "[The server was lost. The run goes on from step 1.\n]全部\n[» 用中文\n回答\n]",
    );
  });

  test("shows a question with its choices numbered, what needs leave, and the answers", () => {
    const asked = { request_id: "r", call_id: "c", deadline: null };
    const choices = [{ label: "表格", description: "一张" }, { label: "文字" }];
    const events: RunEvent[] = [
      { type: "request", ...asked, kind: "question", question: "哪种？", choices },
      { type: "answered", request_id: "r", answers: ["表格"], note: "横排", by: "person" },
      {
        type: "request",
        ...asked,
        kind: "approval",
        tool: "bash",
        arguments: { command: "cd 报告\nrm 旧.txt\u001b[2J" },
      },
      { type: "answered", request_id: "r", decision: "deny", by: "deadline" },
    ];
    expect(show(events)).toBe(
      "[? 哪种？\n  1. 表格: 一张\n  2. 文字\n][Answered: 表格, 横排\n]" +
        "[? May it use bash?\n  command: cd 报告\n    rm 旧.txt[2J\n][Nobody answered in time: deny\n]",
    );
  });

  test("shows the plan, what sub-agents do further in, and what a person should know", () => {
    const inside = (event: RunEvent): RunEvent => ({ type: "delegated", id: "d", event });
    const read: RunEvent = { type: "tool_call", id: "r", name: "read", arguments: { path: "甲.md" } };
    const events: RunEvent[] = [
      {
        type: "todo",
        items: [
          { content: "读", status: "completed" },
          { content: "写", status: "in_progress" },
        ],
      },
      inside({ type: "text", text: "先看" }),
      inside({ type: "text", text: "甲\n再看乙" }),
      inside(read),
      inside({ type: "delegated", id: "e", event: read }),
      { type: "compaction", before: 900, after: 90, kind: "summarized" },
      { type: "notice", code: "memory_cut", msg: "记忆太长\u001b[2J" },
      { type: "retry", attempt: 1, reason: "忙。", wait_ms: 0, model: "备用" },
    ];
    expect(show(events)).toBe(
      "[Plan:\n  [x] 读\n  [>] 写\n][  先看甲\n  再看乙\n][  → read 甲.md\n][    → read 甲.md\n]" +
        "[Earlier messages are shown in short: 900 → 90 tokens.\n][记忆太长[2J\n][忙。 备用 answers now.\n]",
    );
  });

  test("ends with what it took, and says so where there is no price", () => {
    const call = { type: "usage", step: 1, purpose: "step", profile: "p", model: "m" } as const;
    const took = (cost: number | null): RunEvent => ({
      ...call,
      tokens_in: 100,
      tokens_out: 5,
      cached: 80,
      cache_writes: 0,
      reasoning: 0,
      cost,
    });
    const done: RunEvent = { type: "done", status: "ok", tokens_in: 200, tokens_out: 10 };
    expect(show([took(0.001), took(0.0002), done])).toBe("[200 tokens in (80% cached), 10 out, $0.0012\n]");
    expect(show([took(0.001), took(null), done])).toBe(
      "[200 tokens in (80% cached), 10 out, price unknown\n]",
    );
    expect(show([took(1.5), done])).toContain("$1.50");
    expect(show([done])).toBe("[200 tokens in, 10 out\n]");
  });

  test("says why it ended", () => {
    expect(show([{ type: "cancelled" }])).toContain("Cancelled");
    expect(show([{ type: "error", code: "model_failed", msg: "模型坏了" }])).toContain("模型坏了");
  });
});
