import { TodoItem } from "../../../protocol/event.ts";
import type { Language } from "../../language/language.ts";

/** How far a plan is and what is in hand: `2 of 5 · read the contracts`. */
export function summarizePlan(items: readonly TodoItem[], { t }: Pick<Language, "t">): string {
  const done = items.filter(({ status }) => status === "completed").length;
  const count = items.filter(({ status }) => status !== "cancelled").length;
  const now = items.find(({ status }) => status === "in_progress")?.content;
  return [t("plan.progress", { done, count }), now].filter(Boolean).join(" · ");
}

/** The plan that a call of the `todo` tool was given, as far as it can be read; null where there is none. */
export function planOf(given: Record<string, unknown> | string): readonly TodoItem[] | null {
  if (typeof given === "string" || !Array.isArray(given.items)) return null;
  const read = given.items.flatMap((item: unknown): TodoItem[] => {
    if (typeof item !== "object" || item === null) return [];
    const { content, status } = item as Record<string, unknown>;
    if (typeof content !== "string") return [];
    return [{ content, status: TodoItem.shape.status.catch("pending").parse(status) }];
  });
  return read.length > 0 ? read : null;
}
