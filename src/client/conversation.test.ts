import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NumberedEvent, RunEvent } from "../protocol/event.ts";
import type { ChatMessage, Message } from "../protocol/message.ts";
import type { Run, RunStatus } from "../protocol/run.ts";
import {
  type AssistantTurn,
  activeRunId,
  addUserMessage,
  applyEvent,
  beginRun,
  type Conversation,
  emptyConversation,
  type Part,
} from "./conversation.ts";
import { fromMessages } from "./stored-conversation.ts";

const runId = "run-1";
const asked = "请总结这些报告";

function numbered(events: RunEvent[]): NumberedEvent[] {
  return events.map((event, index) => ({ ...event, seq: index + 1 }));
}

/** The conversation that a page shows which saw all of the events. */
function fold(events: NumberedEvent[], from = addUserMessage(emptyConversation, asked)): Conversation {
  return events.reduce(applyEvent, from);
}

function partsOf(...events: RunEvent[]): readonly Part[] {
  const all = numbered([{ type: "run_start", run_id: runId, task_id: "t" }, ...events]);
  return lastTurn(fold(all)).parts;
}

function lastTurn({ turns }: Conversation): AssistantTurn {
  const turn = turns.at(-1);
  if (turn?.role !== "assistant") throw new Error("no turn of the assistant");
  return turn;
}

/** A step as an agent takes it: maybe a failed attempt, thoughts, text, calls with live output. */
interface ScriptedStep {
  failed: string[] | null;
  reasoning: string[];
  text: string[];
  calls: { name: string; output: string[]; content: string; isError: boolean }[];
}

const pieces = fc.array(fc.constantFrom("好", "的。", " word", "\n", "👩‍👧"), { maxLength: 4 });
const step: fc.Arbitrary<ScriptedStep> = fc.record({
  failed: fc.option(pieces),
  reasoning: pieces,
  text: pieces,
  calls: fc.array(
    fc.record({
      name: fc.constantFrom("read", "bash"),
      output: pieces,
      content: fc.constantFrom("", "内容"),
      isError: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
});
const ending = fc.constantFrom("ok" as const, "cancelled" as const, "error" as const);

/** What such steps are in the log, and what of them is stored. */
function play(steps: ScriptedStep[], end: "ok" | "cancelled" | "error") {
  const events: RunEvent[] = [{ type: "run_start", run_id: runId, task_id: "t" }];
  const payloads: ChatMessage[] = [{ role: "user", content: asked }];
  for (const [index, each] of steps.entries()) playStep(each, index + 1, events, payloads);
  const tokens = { tokens_in: 10 * steps.length, tokens_out: steps.length };
  if (end === "cancelled") events.push({ type: "cancelled" });
  if (end === "error") events.push({ type: "error", msg: "坏了", code: "model_rejected" });
  else events.push({ type: "done", status: end, ...tokens });
  return { events: numbered(events), messages: store(payloads) };
}

function playStep(each: ScriptedStep, number: number, events: RunEvent[], payloads: ChatMessage[]): void {
  const start: RunEvent = { type: "llm_start", step: number, model: "模型" };
  events.push(start);
  if (each.failed) {
    events.push(...each.failed.map((text) => ({ type: "text", text }) as const));
    events.push({ type: "retry", attempt: 1, reason: "忙", wait_ms: 5 }, start);
  }
  events.push(...each.reasoning.map((text) => ({ type: "reasoning", text }) as const));
  events.push(...each.text.map((text) => ({ type: "text", text }) as const));
  const calls = each.calls.map((call, index) => ({ ...call, id: `call-${number}-${index}` }));
  for (const { id, name } of calls) events.push({ type: "tool_call", id, name, arguments: { path: "报告" } });
  const content = each.text.join("");
  payloads.push({
    role: "assistant",
    content: content === "" ? null : content,
    tool_calls: calls.map(({ id, name }) => ({
      id,
      type: "function",
      function: { name, arguments: '{"path":"报告"}' },
    })),
  });
  events.push({ type: "llm_end", step: number, tokens_in: 10, tokens_out: 1, finish_reason: "stop" });
  for (const { id, output } of calls) {
    events.push(...output.map((text) => ({ type: "tool_output", id, text }) as const));
  }
  for (const { id, name, content, isError } of calls) {
    events.push({ type: "tool_result", id, name, content, is_error: isError, duration_ms: 3 });
    payloads.push({ role: "tool", tool_call_id: id, content });
  }
}

function at(second: number): string {
  return new Date(Date.UTC(2026, 10, 22, 9, 0, second)).toISOString();
}

function store(payloads: ChatMessage[], second = 0): Message[] {
  return payloads.map((payload, idx) => ({
    idx,
    payload,
    tokens_in: payload.role === "assistant" ? 10 : 0,
    tokens_out: payload.role === "assistant" ? 1 : 0,
    created_at: at(second + (payload.role === "user" ? 0 : 1)),
  }));
}

function runOf(status: RunStatus, second = 0): Run {
  return {
    run_id: runId,
    task_id: "t",
    status,
    tokens_in: 0,
    tokens_out: 0,
    error: status === "error" ? { code: "model_rejected", msg: "坏了" } : null,
    created_at: at(second),
    started_at: at(second),
    finished_at: null,
  };
}

const runs = fc.record({ steps: fc.array(step, { maxLength: 4 }), end: ending });

describe("the fold of a run's events", () => {
  test("is the same wherever the stream was cut and resumed, events being sent again or not", () => {
    fc.assert(
      fc.property(runs, fc.array(fc.nat()), ({ steps, end }, cuts) => {
        const { events } = play(steps, end);
        const resumed = cuts.reduce(
          (conversation, cut) => {
            const from = cut % events.length;
            return fold(events.slice(from, from + 3), fold(events.slice(0, from), conversation));
          },
          addUserMessage(emptyConversation, asked),
        );
        expect(fold(events, resumed)).toEqual(fold(events));
      }),
    );
  });

  test("changes nothing in place and keeps what an event does not touch", () => {
    fc.assert(
      fc.property(runs, ({ steps, end }) => {
        let conversation = addUserMessage(emptyConversation, "早");
        for (const event of play(steps, end).events) {
          const before = structuredClone(conversation);
          const after = applyEvent(conversation, event);
          expect(conversation).toEqual(before);
          conversation.turns.forEach((turn, index) => {
            const now = after.turns[index];
            if (turn.role === "user") expect(now).toBe(turn);
            else if (now?.role === "assistant") expectKept(turn.parts, now.parts);
          });
          expect(applyEvent(after, event)).toBe(after);
          conversation = after;
        }
      }),
    );
  });

  test("shows of a finished run what its stored messages show, but for what messages cannot hold", () => {
    fc.assert(
      fc.property(runs, ({ steps, end }) => {
        const { events, messages } = play(steps, end);
        const stored = fromMessages(messages, runOf(end));
        expect(stored.turns).toEqual(fold(events).turns.map((turn) => forgetful(turn, end)));
      }),
    );
  });

  test("brings back a run at work from the messages stored so far, whatever they are", () => {
    fc.assert(
      fc.property(runs, fc.nat(), fc.nat(), ({ steps, end }, stored, seen) => {
        const { events, messages } = play(steps, end);
        const reloaded = fromMessages(messages.slice(0, 1 + (stored % messages.length)), runOf("running"));
        expect(activeRunId(reloaded)).toBe(runId);
        const some = events.slice(0, seen % events.length);
        expect(fold(events, fold(some, reloaded))).toEqual(fold(events));
      }),
    );
  });
});

/** A part that reads the same after an event must be the same object. */
function expectKept(before: readonly Part[], after: readonly Part[]): void {
  const texts = new Set(after.map((part) => JSON.stringify(part)));
  for (const part of before) if (texts.has(JSON.stringify(part))) expect(after).toContain(part);
}

const unstored = { output: "", state: "ok", durationMs: null } as const;

/** A turn without what is not stored. */
function forgetful(turn: Conversation["turns"][number], end: string): unknown {
  if (turn.role === "user") return turn;
  const parts = turn.parts
    .filter((part) => part.type !== "reasoning")
    .map((part) => (part.type === "tool" ? { ...part, ...unstored } : part));
  return { ...turn, parts: mergeTexts(parts), finishReason: null, status: end };
}

/** Thoughts part the texts of a step; without them it is one. */
function mergeTexts(parts: readonly Part[]): Part[] {
  const merged: Part[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (part.type === "text" && last?.type === "text" && last.step === part.step) {
      merged.splice(-1, 1, { ...last, text: last.text + part.text });
    } else merged.push(part);
  }
  return merged;
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
    });
  });

  test("leaves a call without an answer when the run ends before it", () => {
    const [part, last] = partsOf(start, call, { type: "error", msg: "停了", code: "server_stopped" });
    expect(part).toMatchObject({ state: "unanswered" });
    expect(last).toEqual({ type: "error", code: "server_stopped", message: "停了" });
  });

  test("takes no notice of an event that it does not know", () => {
    const known = fold(numbered([{ type: "run_start", run_id: runId, task_id: "t" }, start]));
    const unknown = { type: "weather", seq: 3 } as unknown as NumberedEvent;
    const after = applyEvent(known, unknown);
    expect(after.turns).toBe(known.turns);
    expect(after.run).toEqual({ runId, lastSeq: 3 });
  });

  test("can begin before its run's first event", () => {
    const { events } = play([], "ok");
    const begun = beginRun(addUserMessage(emptyConversation, asked), runId);
    expect(activeRunId(begun)).toBe(runId);
    expect(fold(events, begun)).toEqual(fold(events));
    expect(activeRunId(fold(events, begun))).toBeNull();
  });
});

describe("stored messages", () => {
  const said: ChatMessage = { role: "assistant", content: "好" };
  const question: ChatMessage = { role: "user", content: asked };

  test("end with how the newest run ended, also where it left none", () => {
    const { turns } = fromMessages(store([question]), runOf("error"));
    expect(turns.at(-1)).toMatchObject({
      status: "error",
      parts: [{ type: "error", code: "model_rejected" }],
    });
    expect(fromMessages(store([question, said]), runOf("ok")).turns).toHaveLength(2);
    expect(fromMessages([]).turns).toEqual([]);
  });

  test("of a run that began while they were read do not take the older run's place", () => {
    const messages = [...store([question, said], 0), ...store([question], 30)];
    const active = fromMessages(messages, runOf("running", 0));
    expect(active.turns).toHaveLength(2);
    expect(activeRunId(active)).toBe(runId);
    const ended = fromMessages(messages, runOf("error", 0));
    expect(ended.turns.at(-1)).toMatchObject({ role: "user" });
  });

  test("keep one turn a run however many steps it took", () => {
    const called: ChatMessage = {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "c", type: "function", function: { name: "read", arguments: "坏" } }],
    };
    const result: ChatMessage = { role: "tool", tool_call_id: "c", content: "内容" };
    const { turns } = fromMessages(store([question, called, result, said, question, said]));
    expect(turns.map((turn) => (turn.role === "user" ? 0 : turn.parts.length))).toEqual([0, 2, 0, 1]);
    expect(turns[1]).toMatchObject({ parts: [{ arguments: "坏", content: "内容" }, { step: 2 }] });
  });
});
