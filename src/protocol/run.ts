import { z } from "zod";
import { cost, TokenCounts } from "./agent/usage.ts";
import { wholeNumber } from "./page.ts";
import { timestamp, uuid } from "./text.ts";

/** `queued -> running <-> waiting -> (cancelling) -> ok | cancelled | error`; `waiting` is for a person's answer. */
export const RunStatus = z.enum(["queued", "running", "waiting", "cancelling", "ok", "cancelled", "error"]);
export type RunStatus = z.infer<typeof RunStatus>;

/** Whether a run in this state still keeps its task from taking a message. */
export function isActive(status: RunStatus): boolean {
  return status === "queued" || status === "running" || status === "waiting" || status === "cancelling";
}

/** The agent's work on one message of a task. */
export const Run = z
  .object({
    run_id: uuid,
    task_id: uuid,
    status: RunStatus,
    model_profile: z.string().nullable().describe("what its message chose; null: the task's"),
    ...TokenCounts.omit({ cache_writes: true }).shape,
    cost,
    error: z.object({ code: z.string(), msg: z.string() }).nullable(),
    attempt: z.int().describe("1, and one more each time that its server was lost"),
    worker: uuid.nullable().describe("the server that works on it now"),
    created_at: timestamp,
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
  })
  .meta({ id: "Run" });
export type Run = z.infer<typeof Run>;

export const RunPage = z
  .object({ page: z.int(), page_size: z.int(), count: z.int(), results: z.array(Run) })
  .meta({ id: "RunPage" });
export type RunPage = z.infer<typeof RunPage>;

export const RunAccepted = z
  .object({
    run_id: uuid.describe("the run that the message is for: for mode 'steer' the one at work"),
    events_url: z.string(),
    pending_id: uuid
      .optional()
      .describe(
        "while it waits behind the active run: its id under /pending, and that of the run it may become",
      ),
  })
  .meta({ id: "RunAccepted" });
export type RunAccepted = z.infer<typeof RunAccepted>;

export const RunCancelling = z
  .object({ ok: z.literal(true), run_id: uuid, status: z.literal("cancelling") })
  .meta({ id: "RunCancelling" });
export type RunCancelling = z.infer<typeof RunCancelling>;

/** How long `GET .../runs/{run_id}?wait=` may hold its answer, seconds. */
const longestWait = 120;

export const RunQuery = z.object({
  wait: wholeNumber
    .transform((seconds) => Math.max(0, Math.min(longestWait, seconds)))
    .optional()
    .describe(`seconds to hold the answer until the run has ended, ${longestWait} at most`),
});
