import { z } from "zod";
import { timestamp, uuid } from "./text.ts";

/** `queued -> running -> (cancelling) -> ok | cancelled | error`. */
export const RunStatus = z.enum(["queued", "running", "cancelling", "ok", "cancelled", "error"]);
export type RunStatus = z.infer<typeof RunStatus>;

/** Whether a run in this state still keeps its task from taking a message. */
export function isActive(status: RunStatus): boolean {
  return status === "queued" || status === "running" || status === "cancelling";
}

/** The agent's work on one message of a task. */
export const Run = z
  .object({
    run_id: uuid,
    task_id: uuid,
    status: RunStatus,
    tokens_in: z.int(),
    tokens_out: z.int(),
    error: z.object({ code: z.string(), msg: z.string() }).nullable(),
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

export const RunAccepted = z.object({ run_id: uuid, events_url: z.string() }).meta({ id: "RunAccepted" });
export type RunAccepted = z.infer<typeof RunAccepted>;

export const RunCancelling = z
  .object({ ok: z.literal(true), run_id: uuid, status: z.literal("cancelling") })
  .meta({ id: "RunCancelling" });
export type RunCancelling = z.infer<typeof RunCancelling>;
