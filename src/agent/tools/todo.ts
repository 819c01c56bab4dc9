import { z } from "zod";
import { TodoItem } from "../../protocol/event.ts";
import { checkArguments } from "../arguments.ts";
import type { ConversationMessage } from "../model/model.ts";
import { defineTool } from "./define-tool.ts";
import type { Tool } from "./tool.ts";

const maxItems = 50;
/** Of one item, characters. */
const maxLength = 500;

const parameters = z.object({
  items: z
    .array(
      TodoItem.extend({
        content: z
          .string()
          .trim()
          .min(1)
          .max(maxLength)
          .describe("one step, in a few words of the person's language"),
      }),
    )
    .max(maxItems)
    .describe("the whole plan in order: it replaces the one before; [] removes it"),
});

/** Keeps the plan that the person sees. */
export const todoTool: Tool = defineTool({
  name: "todo",
  description:
    "Write down your plan for work of three steps or more; the person watches it. Give the whole list each time. Keep exactly one item in_progress while you work, and mark it completed as soon as it is done, before you begin the next.",
  effect: "idempotent",
  parameters,
  async execute({ items }, { say }) {
    say({ type: "todo", items });
    if (items.length === 0) return removed;
    const count = (...wanted: TodoItem["status"][]) =>
      items.filter(({ status }) => wanted.includes(status)).length;
    const left = count("pending", "in_progress");
    const advice = count("in_progress") > 1 ? " Keep only one in_progress at a time." : "";
    return `${kept} ${left} of ${items.length} left to do.${advice}`;
  },
});

const kept = "Plan kept.";
const removed = "The plan is removed.";

/** The plan as it stands by the last call that took effect; undefined where there is none. */
export function latestTodo(
  conversation: readonly Pick<ConversationMessage, "payload">[],
): TodoItem[] | undefined {
  const answers = new Map<string, string>();
  for (let index = conversation.length - 1; index >= 0; index--) {
    const payload = conversation[index]?.payload;
    if (payload?.role === "tool") answers.set(payload.tool_call_id, payload.content);
    if (payload?.role !== "assistant") continue;
    for (const { id, function: called } of (payload.tool_calls ?? []).toReversed()) {
      if (called.name !== todoTool.definition.name) continue;
      const answer = answers.get(id) ?? "";
      if (answer === removed) return undefined;
      const checked = answer.startsWith(kept) && checkArguments(todoTool, called.arguments);
      if (checked && "input" in checked) return parameters.parse(checked.input).items;
    }
  }
  return undefined;
}
