import { expect, test } from "vitest";
import { planOf, summarizePlan } from "./read-plan.ts";

const t = (key: string, values = {}) => `${key} ${JSON.stringify(values)}`;

test("a plan is summed up by what is done and what is in hand; what was dropped does not count", () => {
  const items = [
    { content: "读", status: "completed" },
    { content: "核对", status: "in_progress" },
    { content: "发邮件", status: "cancelled" },
  ] as const;
  expect(summarizePlan(items, { t })).toBe('plan.progress {"done":1,"count":2} · 核对');
});

test("a plan is read as far as the model wrote it right", () => {
  expect(planOf({ items: [{ content: "读", status: "怎么了" }, "坏", { content: 3 }] })).toEqual([
    { content: "读", status: "pending" },
  ]);
  for (const given of ["{坏", {}, { items: [] }, { items: "读" }]) expect(planOf(given)).toBeNull();
});
