import type { PoolClient } from "pg";
import { ContextRecord } from "../../../agent/context/context-record.ts";
import type { Database } from "../database.ts";

/** How the model is shown a task's conversation, as it is stored; null where nothing is. */
export async function readContext(database: Database, userId: string, taskId: string): Promise<unknown> {
  const { rows } = await database.pool.query<{ record: unknown }>({
    name: "read-context",
    text: `select record from contexts join tasks using (task_id) where task_id = $1 and user_id = $2`,
    values: [taskId, userId],
  });
  return rows[0]?.record ?? null;
}

/**
 * Gives a fork what of the record holds for its conversation too, so that its first request begins as those of the task
 * did; nothing where what is summarized reaches beyond the fork.
 */
export async function forkContext(
  client: PoolClient,
  taskId: string,
  fork: { taskId: string; fromIdx: number },
): Promise<void> {
  const { rows } = await client.query<{ record: unknown }>("select record from contexts where task_id = $1", [
    taskId,
  ]);
  const { data: record } = ContextRecord.safeParse(rows[0]?.record);
  if (!record || record.summarizedBefore > fork.fromIdx) return;
  const notes = record.notes.filter(({ idx }) => idx <= fork.fromIdx);
  // With a note missing it is not known what the others leave of it: then all is told anew.
  const isWhole = notes.length === record.notes.length;
  const copy: ContextRecord = {
    ...record,
    notes: isWhole ? notes : [],
    changed: isWhole ? record.changed : {},
  };
  await client.query("insert into contexts (task_id, record) values ($1, $2)", [
    fork.taskId,
    JSON.stringify(copy),
  ]);
}
