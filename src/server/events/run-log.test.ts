import { expect, test } from "vitest";
import type { RunEvent } from "../../protocol/event.ts";
import { RunLog } from "./run-log.ts";

/** What is written of events that come before a flush. */
function written(...events: RunEvent[]): unknown[] {
  const run = { runId: "", generation: 1, nextIdx: 0, lastSeq: 0 };
  const spent = { tokensIn: 0, tokensOut: 0, cached: 0, reasoning: 0, costNano: 0 };
  const log = new RunLog({ ...run, spent }, () => {});
  for (const event of events) log.event(event);
  return (log.take()?.append.events ?? []).map(({ seq, data }) => [seq, JSON.parse(data)]);
}

const delegated = (id: string, event: RunEvent): RunEvent => ({ type: "delegated", id, event });
const text = (piece: string): RunEvent => ({ type: "text", text: piece });

test("pieces of one sub-agent's answer are one event, those of two are not", () => {
  expect(
    written(
      delegated("甲", text("你")),
      delegated("甲", text("好")),
      delegated("乙", text("再")),
      delegated("甲", { type: "reasoning", text: "想" }),
      delegated("甲", { type: "reasoning", text: "想" }),
    ),
  ).toEqual([
    [1, { id: "甲", event: { type: "text", text: "你好" } }],
    [2, { id: "乙", event: { type: "text", text: "再" } }],
    [3, { id: "甲", event: { type: "reasoning", text: "想想" } }],
  ]);
});

test("they are one at any depth, and what a tool puts out only by its call", () => {
  const deep = (piece: string) => delegated("外", delegated("内", text(piece)));
  const output = (id: string) => delegated("外", { type: "tool_output", id, text: "行" });
  expect(written(deep("一"), deep("二"), output("1"), output("1"), output("2"))).toEqual([
    [1, { id: "外", event: { type: "delegated", id: "内", event: { type: "text", text: "一二" } } }],
    [2, { id: "外", event: { type: "tool_output", id: "1", text: "行行" } }],
    [3, { id: "外", event: { type: "tool_output", id: "2", text: "行" } }],
  ]);
});
