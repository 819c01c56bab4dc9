import type { TaskChange } from "../../protocol/task.ts";
import type { Database } from "./database.ts";
import { isoTime } from "./tasks.ts";

/** A change as it is told: its type and JSON, and the cursor behind it. */
export interface TaskState {
  taskId: string;
  type: TaskChange["type"];
  data: string;
  /** Microseconds since 1970 by the database's clock. */
  at: number;
}

/** Of a stream that was away for long: more is read as from a list. */
const mostChanges = 1_000;

const microseconds = (column: string) => `(extract(epoch from ${column}) * 1000000)::bigint`;

const stateJson = `json_build_object('task_id', tasks.task_id, 'name', name, 'status', tasks.status,
  'updated_at', ${isoTime("updated_at")}, 'n_messages', n_messages, 'n_pending', n_pending,
  'run', (select json_build_object('run_id', run_id, 'status', runs.status) from runs
    where runs.task_id = tasks.task_id order by ordinal desc limit 1))`;

/** How things stand with these tasks of a user; those that are gone are told as deleted. */
export async function readTaskStates(
  database: Database,
  userId: string,
  taskIds: string[],
): Promise<TaskState[]> {
  const { rows } = await database.pool.query<TaskState>({
    name: "read-task-states",
    text: `select task_id as "taskId", 'task' as type, ${stateJson}::text as data,
        ${microseconds("updated_at")} as at
      from tasks where user_id = $1 and task_id = any($2::uuid[])
      union all
      select task_id, 'task_deleted', json_build_object('task_id', task_id)::text, ${microseconds("deleted_at")}
      from deleted_tasks where user_id = $1 and task_id = any($2::uuid[])
      order by at`,
    values: [userId, taskIds],
  });
  return rows;
}

/** How things stand with the tasks of a user that have an active run. */
export async function readActiveTaskStates(database: Database, userId: string): Promise<TaskState[]> {
  const { rows } = await database.pool.query<{ task_id: string }>({
    name: "read-active-tasks",
    // In three parts, as each has an index of its own by user.
    text: `select task_id from runs where user_id = $1 and status = 'queued'
      union all select task_id from runs where user_id = $1 and status in ('running', 'cancelling')
      union all select task_id from runs where user_id = $1 and status = 'waiting'
      limit ${mostChanges}`,
    values: [userId],
  });
  return rows.length === 0
    ? []
    : readTaskStates(
        database,
        userId,
        rows.map((row) => row.task_id),
      );
}

/** What has changed for a user since `after` (microseconds): the states as they are now, oldest change first. */
export async function readTaskStatesSince(
  database: Database,
  userId: string,
  after: number,
): Promise<TaskState[]> {
  const { rows } = await database.pool.query<TaskState>({
    name: "read-task-states-since",
    text: `select * from (
        (select task_id as "taskId", 'task' as type, ${stateJson}::text as data,
          ${microseconds("updated_at")} as at
        from tasks where user_id = $1 and updated_at >= to_timestamp($2::float8 / 1000000)
        order by updated_at desc limit ${mostChanges})
        union all
        (select task_id, 'task_deleted', json_build_object('task_id', task_id)::text,
          ${microseconds("deleted_at")}
        from deleted_tasks where user_id = $1 and deleted_at >= to_timestamp($2::float8 / 1000000)
        order by deleted_at desc limit ${mostChanges})) changed
      order by at`,
    values: [userId, after],
  });
  return rows;
}

/** The database's present, microseconds. */
export async function readNow(database: Database): Promise<number> {
  const { rows } = await database.pool.query<{ at: number }>(
    `select ${microseconds("clock_timestamp()")} as at`,
  );
  return rows[0]?.at ?? 0;
}
