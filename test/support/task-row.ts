import { randomUUID } from "node:crypto";
import type { Database } from "../../src/server/store/database.ts";
import type { NewRun } from "../../src/server/store/runs/runs.ts";

/** A task in the database alone, without a directory, of a user of its own unless one is given. */
export async function insertTaskRow(
  { pool }: Database,
  userId: string = randomUUID(),
): Promise<{ userId: string; taskId: string }> {
  const taskId = randomUUID();
  await pool.query("insert into users (user_id) values ($1) on conflict do nothing", [userId]);
  await pool.query("insert into tasks (task_id, user_id, name, directory) values ($1, $2, '任务', '任务')", [
    taskId,
    userId,
  ]);
  return { userId, taskId };
}

/** A message for that task, and the run it asks for. */
export function newRun(userId: string, taskId: string, content = "你好"): NewRun {
  return { userId, taskId, runId: randomUUID(), content, notes: null, profile: null };
}
