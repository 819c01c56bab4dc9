import { expect, test } from "vitest";
import { ask, numbered, runId } from "../../../test/support/conversation.ts";
import { addUserMessage, applyEvent, emptyConversation } from "../../client/conversation.ts";
import type { RunEvent } from "../../protocol/event.ts";
import { rowsOf } from "./rows.ts";

function kindsOf(...events: RunEvent[]): string[] {
  const all = numbered([{ type: "run_start", run_id: runId, task_id: "t" }, ...events]);
  const conversation = all.reduce(applyEvent, addUserMessage(emptyConversation, "问"));
  return rowsOf(conversation).map(({ item }) => ("role" in item ? item.role : item.type));
}

const start: RunEvent = { type: "llm_start", step: 1, model: "模型" };
const call: RunEvent = { type: "tool_call", id: "c", name: "ask", arguments: { question: "哪一份？" } };
const [question, answered] = ask("c", "r");

test("a question stands for the call that asked it, and nothing is at work while it is open", () => {
  if (!question || !answered) throw new Error("no question");
  expect(kindsOf(start, call)).toEqual(["user", "tool"]);
  expect(kindsOf(start, call, question)).toEqual(["user", "request"]);
  expect(kindsOf(start, call, question, answered)).toEqual(["user", "request", "working"]);
});

test("a run that waits for a place, or goes on after a loss, shows that it lives", () => {
  expect(kindsOf({ type: "queued", position: 2 })).toEqual(["user", "working"]);
  const lost: RunEvent = { type: "resumed", step: 1, reason: "server_lost" };
  expect(kindsOf(start, lost)).toEqual(["user", "resumed", "working"]);
});
