import { describe, expect, test } from "vitest";
import { ask, asked, fold, lastTurn, numbered, partsOf, runId } from "../../test/support/conversation.ts";
import type { NumberedEvent, RunEvent } from "../protocol/event.ts";
import { activeRunId, addUserMessage, applyEvent, beginRun, emptyConversation } from "./conversation.ts";
import { openRequest } from "./turn.ts";

function over(status: "ok" | "cancelled"): RunEvent {
  return { type: "done", status, tokens_in: 0, tokens_out: 0 };
}

describe("a turn", () => {
  const start: RunEvent = { type: "llm_start", step: 1, model: "模型" };
  const call: RunEvent = { type: "tool_call", id: "c", name: "bash", arguments: "{坏" };

  test("forgets what a step said when the step begins again, and nothing else", () => {
    const end: RunEvent = { type: "llm_end", step: 1, tokens_in: 1, tokens_out: 1, finish_reason: "stop" };
    const parts = partsOf(
      start,
      { type: "text", text: "第一步" },
      end,
      { type: "llm_start", step: 2, model: "模型" },
      { type: "reasoning", text: "想" },
      { type: "text", text: "第二步的一半" },
      { type: "llm_start", step: 2, model: "模型" },
      { type: "text", text: "第二步" },
    );
    expect(parts).toEqual([
      { type: "text", step: 1, text: "第一步" },
      { type: "text", step: 2, text: "第二步" },
    ]);
  });

  test("tells that a model call is made again until the step says something", () => {
    const retry = (attempt: number): RunEvent => ({ type: "retry", attempt, reason: "忙", wait_ms: 9 });
    expect(partsOf(start, retry(1), start, retry(2), start)).toEqual([
      { type: "retry", attempt: 2, reason: "忙", waitMs: 9 },
    ]);
    expect(partsOf(start, retry(1), start, { type: "text", text: "好" })).toEqual([
      { type: "text", step: 1, text: "好" },
    ]);
    expect(partsOf(start, retry(1), { type: "cancelled" })).toEqual([{ type: "cancelled" }]);
  });

  test("holds a call's live output beside its result", () => {
    const output: RunEvent = { type: "tool_output", id: "c", text: "行\n" };
    const result = { id: "c", name: "bash", content: "结果", is_error: true, duration_ms: 12 };
    const [part] = partsOf(start, call, output, output, { type: "tool_result", ...result });
    expect(part).toEqual({
      type: "tool",
      step: 1,
      id: "c",
      name: "bash",
      arguments: "{坏",
      output: "行\n行\n",
      state: "error",
      content: "结果",
      durationMs: 12,
      inner: null,
    });
  });

  test("leaves a call without an answer when the run ends before it", () => {
    const [part, last] = partsOf(start, call, { type: "error", msg: "停了", code: "server_stopped" });
    expect(part).toMatchObject({ state: "unanswered" });
    expect(last).toEqual({ type: "error", code: "server_stopped", message: "停了" });
  });

  test("knows where it waits in the queue until it is at work", () => {
    const queued = (position: number): RunEvent => ({ type: "queued", position });
    const begun = beginRun(addUserMessage(emptyConversation, asked), runId);
    expect(lastTurn(fold(numbered([queued(3), queued(2)]), begun)).queued).toBe(2);
    const started: RunEvent = { type: "run_start", run_id: runId, task_id: "t" };
    expect(lastTurn(fold(numbered([queued(1), started]), begun)).queued).toBeNull();
    expect(lastTurn(fold(numbered([started, start, queued(4), start]), begun)).queued).toBeNull();
    expect(
      lastTurn(fold(numbered([queued(1), { type: "cancelled" }, over("cancelled")]), begun)),
    ).toMatchObject({ queued: null, status: "cancelled" });
  });

  test("goes on after the loss of its server with the step begun again, and says so once", () => {
    const lost: RunEvent = { type: "resumed", step: 2, reason: "server_lost" };
    const second: RunEvent = { type: "llm_start", step: 2, model: "模型" };
    const half: RunEvent = { type: "text", text: "一半" };
    const parts = partsOf(
      start,
      { type: "text", text: "第一步" },
      second,
      half,
      lost,
      second,
      half,
      lost,
      second,
      {
        type: "text",
        text: "第二步",
      },
    );
    expect(parts).toEqual([
      { type: "text", step: 1, text: "第一步" },
      { type: "resumed", from: 2, reason: "server_lost" },
      { type: "text", step: 2, text: "第二步" },
    ]);
  });

  test("keeps its calls when it goes on in the middle of them", () => {
    const output: RunEvent = { type: "tool_output", id: "c", text: "说了一半" };
    const stopped: RunEvent = { type: "resumed", step: 1, reason: "server_stopped" };
    const result = { id: "c", name: "bash", content: "结果不明", is_error: true, duration_ms: 0 };
    const [part, marker] = partsOf(start, call, output, stopped, { type: "tool_result", ...result });
    expect(part).toMatchObject({ state: "error", content: "结果不明", output: "" });
    expect(marker).toEqual({ type: "resumed", from: 1, reason: "server_stopped" });
  });

  test("ends where a message steers the run, and another one begins", () => {
    const steered = (content: string): RunEvent => ({ type: "steered", pending_id: "p", idx: 3, content });
    const events: RunEvent[] = [
      { type: "run_start", run_id: runId, task_id: "t" },
      start,
      { type: "text", text: "好" },
      steered("先做表格"),
      steered("用中文"),
      { type: "llm_start", step: 2, model: "模型" },
      { type: "text", text: "改好了" },
    ];
    const steeredAt = fold(numbered(events.slice(0, 5)));
    expect(activeRunId(steeredAt)).toBe(runId);
    const { turns } = fold(numbered([...events, over("ok")]));
    expect(turns.map((turn) => (turn.role === "user" ? turn.text : turn.parts))).toEqual([
      asked,
      [{ type: "text", step: 1, text: "好" }],
      "先做表格",
      "用中文",
      [{ type: "text", step: 2, text: "改好了" }],
    ]);
    expect(turns.map((turn) => (turn.role === "user" ? "" : turn.status))).toEqual(["", "ok", "", "", "ok"]);
  });

  test("waits for a person while what it asks is not answered", () => {
    const [request, answered] = ask("c", "请求");
    const asking: RunEvent[] = [{ type: "run_start", run_id: runId, task_id: "t" }, start, call];
    if (request) asking.push(request);
    const waiting = fold(numbered(asking));
    expect(openRequest(lastTurn(waiting))?.request).toMatchObject({ question: "哪一份？", call_id: "c" });
    expect(activeRunId(waiting)).toBe(runId);
    const stopped = fold(numbered([...asking, { type: "cancelled" }, over("cancelled")]));
    expect(openRequest(lastTurn(stopped))).toBeUndefined();
    if (answered) asking.push(answered);
    const turn = lastTurn(fold(numbered(asking)));
    expect(openRequest(turn)).toBeUndefined();
    expect(turn.parts.at(-1)).toMatchObject({ answer: { answers: ["第一份"], by: "person" } });
  });

  test("shows what a sub-agent does inside the call it works for, deeper ones inside that", () => {
    const inCall = (id: string, event: RunEvent): RunEvent => ({ type: "delegated", id, event });
    const hand: RunEvent = { type: "tool_call", id: "d", name: "delegate", arguments: { task: "查合同" } };
    const deeper: RunEvent = { ...hand, id: "e" };
    const steps = [
      inCall("d", start),
      inCall("d", { type: "text", text: "先看" }),
      inCall("d", { type: "text", text: "三份。" }),
      inCall("d", deeper),
      inCall("d", inCall("e", start)),
      inCall("d", inCall("e", { type: "text", text: "第一份" })),
    ];
    const inside = (...more: RunEvent[]) => {
      const [part] = partsOf(start, hand, ...steps, ...more);
      return part?.type === "tool" ? part.inner : null;
    };
    expect(inside()).toMatchObject({
      status: "running",
      parts: [{ text: "先看三份。" }, { id: "e", inner: { parts: [{ text: "第一份" }] } }],
    });
    const result = { id: "d", name: "delegate", content: "三份", is_error: false, duration_ms: 9 };
    expect(inside({ type: "tool_result", ...result })).toMatchObject({
      status: "ok",
      parts: [{}, { state: "unanswered", inner: { status: "cancelled" } }],
    });
    expect(inside({ type: "cancelled" }, over("cancelled"))).toMatchObject({ status: "cancelled" });
    const lost: RunEvent = { type: "resumed", step: 1, reason: "server_lost" };
    expect(inside(lost)).toBeNull();
  });

  test("adds up what its model calls took; without all prices there is no sum", () => {
    const took = (cost: number | null): RunEvent => ({
      type: "usage",
      step: 1,
      purpose: "step",
      profile: "标准",
      model: "模型",
      tokens_in: 100,
      tokens_out: 10,
      cached: 80,
      cache_writes: 0,
      reasoning: 0,
      cost,
    });
    const used = (...events: RunEvent[]) => {
      const begin: RunEvent = { type: "run_start", run_id: runId, task_id: "t" };
      return lastTurn(fold(numbered([begin, ...events]))).usage;
    };
    expect(used()).toBeNull();
    expect(used(took(0.25), took(0.5))).toEqual({ tokensIn: 200, tokensOut: 20, cached: 160, cost: 0.75 });
    expect(used(took(0.25), took(null), took(0.5))?.cost).toBeNull();
    const steered: RunEvent = { type: "steered", pending_id: "p", idx: 3, content: "改" };
    expect(used(start, took(0.25), steered, took(0.5))?.cost).toBe(0.75);
  });

  test("has a plan, which goes on where a message steers the run", () => {
    const items = [{ content: "读合同", status: "in_progress" as const }];
    const attachments = ["合同/图.png"];
    const steered: RunEvent = { type: "steered", pending_id: "p", idx: 3, content: "改", attachments };
    const begin: RunEvent = { type: "run_start", run_id: runId, task_id: "t" };
    const events: RunEvent[] = [begin, start, { type: "todo", items: [] }, { type: "todo", items }, steered];
    const conversation = fold(numbered(events));
    expect(lastTurn(conversation).todo).toEqual(items);
    expect(conversation.turns.at(-2)).toMatchObject({ text: "改", attachments });
  });

  test("says once that the model is shown less, that another one answers, and each notice", () => {
    const pruned: RunEvent = { type: "compaction", before: 900, after: 600, kind: "pruned" };
    const summed: RunEvent = { ...pruned, before: 600, after: 90, kind: "summarized", summary: "目标：合同" };
    const retry: RunEvent = { type: "retry", attempt: 1, reason: "忙", wait_ms: 0, model: "备用" };
    const notice: RunEvent = { type: "notice", code: "repeated_call", msg: "again" };
    const text: RunEvent = { type: "text", text: "好" };
    const second: RunEvent = { type: "llm_start", step: 2, model: "备用" };
    expect(
      partsOf(pruned, summed, start, retry, start, text, notice, second, notice, retry, second, text),
    ).toEqual([
      { type: "compaction", before: 900, after: 90, summary: "目标：合同" },
      { type: "fallback", model: "备用", reason: "忙" },
      { type: "text", step: 1, text: "好" },
      { type: "notice", code: "repeated_call", message: "again" },
      { type: "text", step: 2, text: "好" },
    ]);
  });

  test("takes no notice of an event that it does not know", () => {
    const known = fold(numbered([{ type: "run_start", run_id: runId, task_id: "t" }, start]));
    const unknown = { type: "weather", seq: 3 } as unknown as NumberedEvent;
    const after = applyEvent(known, unknown);
    expect(after.turns).toBe(known.turns);
    expect(after.run).toEqual({ runId, lastSeq: 3 });
  });

  test("can begin before its run's first event", () => {
    const events = numbered([{ type: "run_start", run_id: runId, task_id: "t" }, over("ok")]);
    const begun = beginRun(addUserMessage(emptyConversation, asked), runId);
    expect(activeRunId(begun)).toBe(runId);
    expect(fold(events, begun)).toEqual(fold(events));
    expect(activeRunId(fold(events, begun))).toBeNull();
  });
});
