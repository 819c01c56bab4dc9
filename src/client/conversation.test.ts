import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ask, asked, fold, numbered, runId, runOf, store } from "../../test/support/conversation.ts";
import type { RunEvent } from "../protocol/event.ts";
import type { ChatMessage } from "../protocol/message.ts";
import { activeRunId, addUserMessage, applyEvent, emptyConversation } from "./conversation.ts";
import { fromMessages } from "./stored-conversation.ts";
import type { Part, Turn } from "./turn.ts";

/**
 * A step as an agent takes it: maybe a failed attempt, maybe one that its server was lost in, thoughts, text,
 * calls with live output, and what a person says after it.
 */
interface ScriptedStep {
  failed: string[] | null;
  lost: string[] | null;
  reasoning: string[];
  text: string[];
  calls: { name: string; output: string[]; content: string; isError: boolean; asks: boolean }[];
  steered: string[];
  delegates: boolean;
  shortened: boolean;
}

const pieces = fc.array(fc.constantFrom("好", "的。", " word", "\n", "👩‍👧"), { maxLength: 4 });
const step: fc.Arbitrary<ScriptedStep> = fc.record({
  failed: fc.option(pieces),
  lost: fc.option(pieces),
  reasoning: pieces,
  text: pieces,
  calls: fc.array(
    fc.record({
      name: fc.constantFrom("read", "bash"),
      output: pieces,
      content: fc.constantFrom("", "内容"),
      isError: fc.boolean(),
      asks: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  steered: fc.array(fc.constantFrom("等等", "改成表格"), { maxLength: 2 }),
  delegates: fc.boolean(),
  shortened: fc.boolean(),
});
const ending = fc.constantFrom("ok" as const, "cancelled" as const, "error" as const);

/** What such steps are in the log, and what of them is stored. */
function play(steps: ScriptedStep[], end: "ok" | "cancelled" | "error") {
  const events: RunEvent[] = [
    { type: "queued", position: 1 },
    { type: "run_start", run_id: runId, task_id: "t" },
  ];
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
  if (each.shortened) events.push({ type: "compaction", before: 90, after: 9, kind: "pruned" });
  events.push(start);
  if (each.failed) {
    events.push(...each.failed.map((text) => ({ type: "text", text }) as const));
    events.push({ type: "retry", attempt: 1, reason: "忙", wait_ms: 5 }, start);
  }
  if (each.lost) {
    events.push(...each.lost.map((text) => ({ type: "text", text }) as const));
    events.push({ type: "resumed", step: number, reason: "server_lost" }, start);
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
  for (const { id, asks } of calls) if (asks) events.push(...ask(id, `请求-${id}`));
  for (const { id, output } of calls) {
    if (each.delegates)
      events.push(...[start, { type: "text", text: "查" } as const].map((event) => inCall(id, event)));
    events.push(...output.map((text) => ({ type: "tool_output", id, text }) as const));
  }
  for (const { id, name, content, isError } of calls) {
    events.push({ type: "tool_result", id, name, content, is_error: isError, duration_ms: 3 });
    payloads.push({ role: "tool", tool_call_id: id, content });
  }
  for (const content of each.steered) {
    events.push({ type: "steered", pending_id: content, idx: payloads.length, content });
    payloads.push({ role: "user", content });
  }
}

function inCall(id: string, event: RunEvent): RunEvent {
  return { type: "delegated", id, event };
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
        const { turns } = fold(events);
        const shown = turns.map((turn, index) => forgetful(turn, index === turns.length - 1 ? end : "ok"));
        expect(fromMessages(messages, runOf(end)).turns.map(countingFromOne)).toEqual(shown);
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

const unstored = { output: "", state: "ok", durationMs: null, inner: null } as const;
const unstoredParts = ["reasoning", "request", "resumed", "compaction"];

/** A turn without what is not stored. */
function forgetful(turn: Turn, end: string): unknown {
  if (turn.role === "user") return turn;
  const parts = turn.parts
    .filter(({ type }) => !unstoredParts.includes(type))
    .map((part) => (part.type === "tool" ? { ...part, ...unstored } : part));
  return countingFromOne({
    ...turn,
    parts: mergeTexts(parts),
    finishReason: null,
    status: end as "ok",
    usage: null,
  });
}

/** A steered run counts its steps through all of its turns, which its messages do not tell. */
function countingFromOne(turn: Turn): Turn {
  if (turn.role === "user") return turn;
  const steps = [...new Set(turn.parts.flatMap((part) => ("step" in part ? [part.step] : [])))];
  const parts = turn.parts.map((part) =>
    "step" in part ? { ...part, step: 1 + steps.indexOf(part.step) } : part,
  );
  return { ...turn, parts, step: 0, usage: null };
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
