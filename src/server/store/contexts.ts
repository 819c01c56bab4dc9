import type { Database } from "./database.ts";

/** How the model is shown a task's conversation, as it is stored; null where nothing is. */
export async function readContext(database: Database, userId: string, taskId: string): Promise<unknown> {
  const { rows } = await database.pool.query<{ record: unknown }>({
    name: "read-context",
    text: `select record from contexts join tasks using (task_id) where task_id = $1 and user_id = $2`,
    values: [taskId, userId],
  });
  return rows[0]?.record ?? null;
}
