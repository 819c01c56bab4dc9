import { expect, test } from "vitest";
import type { NumberedEvent, RunEvent } from "../../../protocol/event.ts";
import type { ChatMessage } from "../../../protocol/message.ts";
import { planCrashWork } from "./crash-work.ts";
import { judge, type Remains } from "./judge.ts";
import { Witness } from "./witness.ts";

const work = planCrashWork("bash");

/** What a run leaves that went well, the slow call having been cut off, and its last answer begun twice. */
function remains(): Remains {
  const events: RunEvent[] = [];
  const messages: ChatMessage[] = [{ role: "user", content: work.message }];
  work.instructions.forEach(({ tool, line, label }, index) => {
    const id = `call_${index}`;
    const input = { command: line };
    const isError = label === work.slow.label;
    events.push(
      { type: "llm_start", step: index + 1, model: "demo" },
      { type: "text", text: `第 ${index + 1} 步` },
      { type: "tool_call", id, name: tool, arguments: input },
      { type: "tool_result", id, name: tool, content: "结果", is_error: isError, duration_ms: 1 },
    );
    const call = { name: tool, arguments: JSON.stringify(input) };
    messages.push(
      {
        role: "assistant",
        content: `第 ${index + 1} 步`,
        tool_calls: [{ id, type: "function", function: call }],
      },
      { role: "tool", tool_call_id: id, content: "结果" },
    );
  });
  const step = work.instructions.length + 1;
  for (const text of ["完", "完成"]) {
    events.push({ type: "llm_start", step, model: "demo" }, { type: "text", text });
  }
  events.push({ type: "done", status: "ok", tokens_in: 0, tokens_out: 0 });
  messages.push({ role: "assistant", content: "完成" });
  const log: NumberedEvent[] = events.map((event, index) => ({ ...event, seq: index + 1 }));
  const witness = new Witness();
  witness.seen.push(...log);
  const labels = work.instructions.flatMap(({ label }) => label ?? []);
  return { work, witness, log, messages, effects: `(end)\n${labels.join("\n")}\n` };
}

const clean = { lost: 0, duplicated: 0 };

/** Judges what is left after some damage. */
function judgeAfter(damage: (left: Remains) => void) {
  const left = remains();
  damage(left);
  return judge(left);
}

test("finds nothing wrong where nothing is", () => {
  expect(judge(remains())).toMatchObject({
    events: clean,
    messages: { ...clean, total: 18 },
    effects: { ...clean, total: 5 },
    differing: 0,
    errors: ["结果"],
    outlived: false,
    end: "ok",
  });
});

test("an event that no watcher saw is lost, and so is one that was seen and is not in the log", () => {
  expect(judgeAfter(({ witness }) => witness.seen.splice(5, 1)).events.lost).toBe(1);
  expect(judgeAfter(({ log }) => log.splice(5, 1)).events.lost).toBe(1);
  const changed = judgeAfter(({ log }) => log.splice(1, 1, { type: "text", text: "别的", seq: 2 }));
  expect(changed.events.lost).toBe(1);
});

test("what came twice over the connections, and a second end, are duplicates", () => {
  expect(
    judgeAfter(({ witness }) => {
      witness.duplicated += 2;
    }).events.duplicated,
  ).toBe(2);
  const twoEnds = judgeAfter(({ log, witness }) => {
    const end: NumberedEvent = { type: "error", msg: "又一次", code: "x", seq: log.length + 1 };
    log.push(end);
    witness.seen.push(end);
  });
  expect(twoEnds.events.duplicated).toBe(1);
  expect(twoEnds.end).toContain("又一次");
});

test("a message that is missing, or there twice, is counted", () => {
  expect(judgeAfter(({ messages }) => messages.shift()).messages.lost).toBe(1);
  expect(judgeAfter(({ messages }) => messages.pop()).messages.lost).toBe(1);
  expect(judgeAfter(({ messages }) => messages.splice(2, 1)).messages.lost).toBe(1);
  const twice = judgeAfter(({ messages }) => messages.push({ role: "assistant", content: "完成" }));
  expect(twice.messages.duplicated).toBe(1);
});

test("an effect of a call that succeeded must be there, and no effect may be there twice", () => {
  const without = (label: string) =>
    judgeAfter((left) => {
      left.effects = left.effects.replace(`${label}\n`, "");
    });
  expect(without("effect-1").effects.lost).toBe(1);
  // The call in which the server was killed promised nothing.
  expect(without(work.slow.label).effects).toMatchObject({ lost: 0, total: 4 });
  const again = judgeAfter((left) => {
    left.effects += `${work.slow.label}\n`;
  });
  expect(again.effects.duplicated).toBe(1);
});

test("words that were shown and not stored make a difference, those of a step begun again do not", () => {
  const stored = judgeAfter(({ messages }) => {
    messages.splice(-1, 1, { role: "assistant", content: "完完成" });
  });
  expect(stored.differing).toBe(1);
});

test("a command that went on without its server is noticed", () => {
  const outlived = judgeAfter((left) => {
    left.effects += "outlived\n";
  });
  expect(outlived.outlived).toBe(true);
});
