import { z } from "zod";
import { RunStatus } from "./run.ts";
import { TaskStatus } from "./task.ts";
import { timestamp, uuid } from "./text.ts";

/**
 * What the stream of a user says (`GET /v1/events`): how things stand with a task that has changed. States, not
 * steps: of several changes close together the last one is told, and one may be told twice.
 */
export const taskChangeData = {
  ready: z.object({}).describe("the first event: from here on every change is told"),
  task: z.object({
    task_id: uuid,
    name: z.string(),
    status: TaskStatus,
    updated_at: timestamp,
    n_messages: z.int(),
    n_pending: z.int(),
    run: z.object({ run_id: uuid, status: RunStatus }).nullable().describe("its newest run"),
  }),
  task_deleted: z.object({ task_id: uuid }),
} as const satisfies Record<string, z.ZodObject>;

export type TaskChange = {
  [Type in keyof typeof taskChangeData]: { type: Type } & z.infer<(typeof taskChangeData)[Type]>;
}[keyof typeof taskChangeData];
