import { z } from "zod";
import { PageQuery } from "../page.ts";

/** Tokens as the provider counts them; `cached` and `cache_writes` are parts of `tokens_in`, `reasoning` of `tokens_out`. */
export const TokenCounts = z.object({
  tokens_in: z.int(),
  tokens_out: z.int(),
  cached: z.int().describe("of tokens_in: read from the provider's prompt cache"),
  cache_writes: z.int().describe("of tokens_in: written to it"),
  reasoning: z.int().describe("of tokens_out: thought, not said"),
});
export type TokenCounts = z.infer<typeof TokenCounts>;

/** Money in US dollars; null where a part of it has no known price. */
export const cost = z.number().nullable();

/** What one model call took. */
export const UsageData = TokenCounts.extend({
  step: z.int(),
  purpose: z.enum(["step", "summary", "delegate"]),
  profile: z.string(),
  model: z.string(),
  cost: cost.describe("US dollars; null where the model's prices are not known"),
});
export type UsageData = z.infer<typeof UsageData>;

export const UsageQuery = PageQuery.extend({
  group_by: z.enum(["day", "task", "model"]).default("day"),
  from: z.iso.date().optional().describe("the first day, UTC; default: 30 days ago"),
  to: z.iso.date().optional().describe("the last day, UTC; default: today"),
});
export type UsageQuery = z.infer<typeof UsageQuery>;

/** What the model calls of one day, task or model took. */
export const UsageRow = TokenCounts.extend({
  key: z.string().describe("the day, the task's id, or the model"),
  name: z.string().nullable().describe("of a task: its name, null where it is gone"),
  calls: z.int(),
  cost,
}).meta({ id: "UsageRow" });
export type UsageRow = z.infer<typeof UsageRow>;

export const UsageReport = z
  .object({
    group_by: z.enum(["day", "task", "model"]),
    from: z.iso.date(),
    to: z.iso.date(),
    total: TokenCounts.extend({ calls: z.int(), cost }),
    page: z.int(),
    page_size: z.int(),
    count: z.int(),
    results: z.array(UsageRow).describe("days, the newest first; tasks and models, the dearest first"),
  })
  .meta({ id: "UsageReport" });
export type UsageReport = z.infer<typeof UsageReport>;
