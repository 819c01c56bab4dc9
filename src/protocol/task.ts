import { z } from "zod";
import { ApprovalRule, maxApprovalRules } from "./agent/approval.ts";
import { cost } from "./agent/usage.ts";
import { PageQuery } from "./page.ts";
import { RunStatus } from "./run.ts";
import { rule, simpleName, timestamp, uuid } from "./text.ts";

export const TaskStatus = z.enum(["active", "completed", "abandoned"]);
export type TaskStatus = z.infer<typeof TaskStatus>;

/**
 * A conversation bound to a working directory. `tokens` is `tokens_prompt + tokens_completion`. Whether a
 * run is active is not part of it: read `GET /v1/tasks/{task_id}/runs` (newest first, see `isActive`).
 */
export const Task = z
  .object({
    task_id: uuid,
    name: z.string(),
    description: z.string(),
    working_dir: z.string().describe("workspace/users/<user_id>/<directory>, with forward slashes"),
    status: TaskStatus,
    skill: z.string(),
    model: z.string(),
    model_profile: z.string(),
    tokens_prompt: z.int(),
    tokens_completion: z.int(),
    tokens: z.int(),
    cost,
    approvals: z.array(ApprovalRule).describe("rules for this task alone, behind all others"),
    created_at: timestamp,
    updated_at: timestamp,
    n_messages: z.int(),
  })
  .meta({ id: "Task" });
export type Task = z.infer<typeof Task>;

export const TaskCreate = z
  .object({
    name: simpleName,
    working_dir: z
      .string()
      .trim()
      .optional()
      .describe("a directory name under the user's root; default: the task's name"),
    description: z.string().trim().optional(),
    skill: z.string().trim().optional(),
    model_profile: z.string().trim().optional(),
    approvals: z.array(ApprovalRule).max(maxApprovalRules).optional(),
  })
  .meta({ id: "TaskCreate" });
export type TaskCreate = z.infer<typeof TaskCreate>;

/** In a patch null means absent. */
export const TaskPatch = z
  .object({
    status: rule(
      z.string(),
      (status) => TaskStatus.safeParse(status).success,
      "invalid_status",
      "Set status to 'completed' or 'abandoned'.",
    ).nullish(),
    description: z.string().nullish(),
    name: simpleName.nullish(),
    skill: z.string().nullish(),
    model_profile: z.string().nullish(),
    approvals: z.array(ApprovalRule).max(maxApprovalRules).nullish(),
  })
  .meta({ id: "TaskPatch" });
export type TaskPatch = z.infer<typeof TaskPatch>;

export const TaskFork = z
  .object({
    from_idx: z.int().min(0).describe("the last message of the conversation that the new task begins with"),
    name: simpleName.optional().describe("default: the first task's name"),
  })
  .meta({ id: "TaskFork" });
export type TaskFork = z.infer<typeof TaskFork>;

export const TaskQuery = PageQuery.extend({
  status: z.string().optional(),
  skill: z.string().optional(),
  working_dir: z.string().optional(),
  q: z.string().optional(),
  ordering: z
    .string()
    .optional()
    .describe("comma-separated created_at, updated_at, name, status; '-' for descending"),
});
export type TaskQuery = z.infer<typeof TaskQuery>;

export const TaskPage = z
  .object({ page: z.int(), page_size: z.int(), count: z.int(), results: z.array(Task) })
  .meta({ id: "TaskPage" });
export type TaskPage = z.infer<typeof TaskPage>;

export const Folder = z
  .object({ name: z.string(), n_tasks: z.int(), last_used: timestamp.nullable() })
  .meta({ id: "Folder" });
export const FolderList = z.object({ folders: z.array(Folder) }).meta({ id: "FolderList" });
export type FolderList = z.infer<typeof FolderList>;

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
