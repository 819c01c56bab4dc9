import type { Database } from "../database.ts";
import { clearPending } from "./pending.ts";

/**
 * Withdraws the messages of suspended users that wait, and marks their runs `cancelling`. Gives the runs, to be
 * stopped wherever they are.
 */
export async function stopSuspended(database: Database): Promise<string[]> {
  const { rows: tasks } = await database.pool.query<{ user_id: string; task_id: string }>({
    name: "pending-of-suspended",
    text: `select user_id, task_id from tasks where n_pending > 0 and user_id in (
      select user_id from users where suspended_at is not null) order by task_id`,
  });
  // First: a run that ends would be followed by the next message.
  for (const { user_id, task_id } of tasks) await clearPending(database, user_id, task_id);
  const { rows } = await database.pool.query<{ run_id: string }>({
    name: "cancel-of-suspended",
    text: `update runs set status = 'cancelling' where run_id = any(array(
        select run_id from runs where status in ('queued', 'running', 'waiting') and user_id in (
          select user_id from users where suspended_at is not null)
        order by run_id for update))
      returning run_id`,
  });
  return rows.map((row) => row.run_id);
}
