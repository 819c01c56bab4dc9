import { expect, test } from "vitest";
import { calls, run, says, workplace } from "../../../test/support/scripted-agent.ts";
import type { ConversationMessage } from "../model/model.ts";
import { latestTodo, todoTool } from "./todo.ts";

const plan = [
  { content: "读合同", status: "completed" },
  { content: "列出风险", status: "in_progress" },
  { content: "写报告", status: "pending" },
];

test("a plan is shown to the person whole, and the model is told in a line what is left", async () => {
  const trace = await run([calls(["todo", JSON.stringify({ items: plan })]), says("好")], {
    tools: [todoTool],
    workplace,
  });
  expect(trace.events.filter(({ type }) => type === "todo")).toEqual([{ type: "todo", items: plan }]);
  const [answer] = trace.messages.flatMap(({ payload }) =>
    payload.role === "tool" ? [payload.content] : [],
  );
  expect(answer).toBe("Plan kept. 2 of 3 left to do.");
});

test("of several items in progress the model is told to keep one", async () => {
  const items = plan.map((item) => ({ ...item, status: "in_progress" }));
  const trace = await run([calls(["todo", JSON.stringify({ items })]), says("好")], { tools: [todoTool] });
  expect(JSON.stringify(trace.messages)).toMatch(/Keep only one in_progress/);
});

test("the plan of a conversation is that of the last call that took effect", async () => {
  const first = JSON.stringify({ items: plan });
  const second = JSON.stringify({ items: plan.slice(1) });
  const wrong = JSON.stringify({ items: [{ content: "", status: "完成" }] });
  const after = async (...args: string[]) => {
    const trace = await run([calls(...args.map((each): [string, string] => ["todo", each])), says("好")], {
      tools: [todoTool],
    });
    return latestTodo(trace.messages as ConversationMessage[]);
  };
  expect(await after()).toBeUndefined();
  expect(await after(first, second)).toEqual(plan.slice(1));
  expect(await after(first, wrong)).toEqual(plan);
  expect(await after(first, JSON.stringify({ items: [] }))).toBeUndefined();
});
