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

  test("says why it ended", () => {
    expect(show([{ type: "cancelled" }])).toContain("Cancelled");
    expect(show([{ type: "error", code: "model_failed", msg: "模型坏了" }])).toContain("模型坏了");
  });
});
