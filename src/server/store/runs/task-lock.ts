import type { PoolClient } from "pg";
import type { RunStatus } from "../../../protocol/run.ts";
import { taskNotFound } from "../tasks.ts";
import { activeStates, type NewRun } from "./runs.ts";

// What is decided and written under a task's row lock, which also orders a run's end and whatever wants to follow it.

/** A task's counters as they are while it is locked. */
export interface LockedTask {
  user_id: string;
  n_messages: number;
  n_runs: number;
  n_pending: number;
}

/** Locks a task until the transaction's end. Throws `task_not_found`. */
export async function lockTask(client: PoolClient, userId: string, taskId: string): Promise<LockedTask> {
  const { rows } = await client.query<LockedTask>(
    `select user_id, n_messages, n_runs, n_pending from tasks
     where task_id = $1 and user_id = $2 for update`,
    [taskId, userId],
  );
  const [task] = rows;
  if (!task) throw taskNotFound();
  return task;
}

/** The task's active run, if there is one. */
export async function findActiveRun(
  client: PoolClient,
  taskId: string,
): Promise<{ runId: string; status: RunStatus } | undefined> {
  const { rows } = await client.query<{ runId: string; status: RunStatus }>(
    `select run_id as "runId", status from runs where task_id = $1 and status in ${activeStates}`,
    [taskId],
  );
  return rows[0];
}

/** Stores the message of a run as the task's next. */
export async function insertMessage(
  client: PoolClient,
  { taskId, runId, content, notes }: NewRun,
  { n_messages }: Pick<LockedTask, "n_messages">,
): Promise<void> {
  await client.query(
    `insert into messages (task_id, idx, run_id, payload, notes)
     values ($1, $2, $3, json_build_object('role', 'user', 'content', $4::text), $5)`,
    [taskId, n_messages, runId, content, notes && JSON.stringify(notes)],
  );
  await client.query("update tasks set n_messages = n_messages + 1 where task_id = $1", [taskId]);
}

/** Makes the task's next run, queued, on the message of this index. */
export async function insertQueuedRun(
  client: PoolClient,
  { userId, taskId, runId, profile }: NewRun,
  { n_runs }: Pick<LockedTask, "n_runs">,
  messageIdx: number,
): Promise<void> {
  await client.query(
    `insert into runs (run_id, task_id, user_id, ordinal, message_idx, model_profile, status)
     values ($1, $2, $3, $4, $5, $6, 'queued')`,
    [runId, taskId, userId, n_runs + 1, messageIdx, profile],
  );
  await client.query("update tasks set n_runs = n_runs + 1, updated_at = now() where task_id = $1", [taskId]);
}
