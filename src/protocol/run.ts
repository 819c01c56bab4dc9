import { z } from "zod";
import { uuid } from "./text.ts";

/** `queued -> running -> (cancelling) -> ok | cancelled | error`. */
export const RunStatus = z.enum(["queued", "running", "cancelling", "ok", "cancelled", "error"]);
export type RunStatus = z.infer<typeof RunStatus>;

export const RunAccepted = z.object({ run_id: uuid, events_url: z.string() }).meta({ id: "RunAccepted" });
export type RunAccepted = z.infer<typeof RunAccepted>;

export const RunCancelling = z
  .object({ ok: z.literal(true), run_id: uuid, status: z.literal("cancelling") })
  .meta({ id: "RunCancelling" });
export type RunCancelling = z.infer<typeof RunCancelling>;
