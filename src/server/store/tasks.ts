import { sql } from "kysely";
import type { ApprovalRule } from "../../protocol/agent/approval.ts";
import { ApiError } from "../../protocol/error.ts";
import type { Task, TaskQuery, TaskStatus } from "../../protocol/task.ts";
import type { Database } from "./database.ts";

/** The default model profile: shown for tasks that chose none. */
export interface DefaultProfile {
  name: string;
  model: string;
}

/**
 * SQL that prints a task as JSON text: the row reaches the client without being taken apart on the way. Put
 * together from strings, since `json_build_object` makes a list of 20 take 1.4 times as long.
 */
function taskJson(profileName: string, profileModel: string): string {
  const text = (expression: string) => `to_json(${expression})`;
  const plain = (expression: string) => `'"' || ${expression} || '"'`;
  const fields: Record<keyof Task, string> = {
    task_id: plain("task_id"),
    name: text("name"),
    description: text("description"),
    working_dir: text("'workspace/users/' || user_id || '/' || directory"),
    status: plain("status"),
    skill: text("skill"),
    model: text(`case when model_profile = '' then ${profileModel} else model end`),
    model_profile: text(`case when model_profile = '' then ${profileName} else model_profile end`),
    tokens_prompt: "tokens_prompt",
    tokens_completion: "tokens_completion",
    tokens: "(tokens_prompt + tokens_completion)",
    cost: costJson,
    approvals: "approvals::text",
    created_at: plain(isoTime("created_at")),
    updated_at: plain(isoTime("updated_at")),
    n_messages: "n_messages",
  };
  const printed = Object.entries(fields).map(([name, expression]) => `'"${name}":' || ${expression}`);
  return `('{' || ${printed.join(" || ',' || ")} || '}')`;
}

/** SQL that prints what `cost_nano` holds in US dollars, as JSON. */
export const costJson = "coalesce(trim_scale(cost_nano / 1e9)::text, 'null')";

/** SQL that prints a time as the API writes it. */
export function isoTime(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** What the server itself needs of a task. `profile` is "" for the default one. */
export interface TaskRecord {
  taskId: string;
  name: string;
  description: string;
  directory: string;
  skill: string;
  profile: string;
  createdAt: Date;
}

export interface NewTask {
  taskId: string;
  name: string;
  description: string;
  directory: string;
  skill: string;
  profile: string;
  model: string;
  approvals: ApprovalRule[];
}

export async function insertTask(
  database: Database,
  userId: string,
  task: NewTask,
  profile: DefaultProfile,
): Promise<Task> {
  const { rows } = await database.pool.query<{ task: Task }>(
    `insert into tasks (task_id, user_id, name, description, directory, skill, model_profile, model, approvals)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning ${taskJson("$10::text", "$11::text")}::json as task`,
    [
      task.taskId,
      userId,
      task.name,
      task.description,
      task.directory,
      task.skill,
      task.profile,
      task.model,
      JSON.stringify(task.approvals),
      profile.name,
      profile.model,
    ],
  );
  return found(rows[0]).task;
}

/** The task as the API shows it. Throws `task_not_found`. */
export async function readTask(
  database: Database,
  userId: string,
  taskId: string,
  profile: DefaultProfile,
): Promise<Task> {
  const { rows } = await database.pool.query<{ task: Task }>({
    name: "read-task",
    text: `select ${taskJson("$3::text", "$4::text")}::json as task from tasks where task_id = $1 and user_id = $2`,
    values: [taskId, userId, profile.name, profile.model],
  });
  return found(rows[0]).task;
}

/** Throws `task_not_found`. */
export async function readTaskRecord(
  database: Database,
  userId: string,
  taskId: string,
): Promise<TaskRecord> {
  const row = await database.query
    .selectFrom("tasks")
    .select(["task_id", "name", "description", "directory", "skill", "model_profile", "created_at"])
    .where("task_id", "=", taskId)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  const task = found(row);
  return {
    taskId: task.task_id,
    name: task.name,
    description: task.description,
    directory: task.directory,
    skill: task.skill,
    profile: task.model_profile,
    createdAt: task.created_at,
  };
}

const orderings = new Set(["created_at", "updated_at", "name", "status"]);

/** `order by` of the API's ordering parameter, closed by the id so that pages never overlap. */
function orderBy(ordering: string | undefined): string {
  const columns: string[] = [];
  let tie: "asc" | "desc" | undefined;
  for (const part of (ordering ?? "").split(",")) {
    const field = part.trim();
    const descending = field.startsWith("-");
    const column = descending ? field.slice(1) : field;
    if (!orderings.has(column)) continue;
    const direction = descending ? "desc" : "asc";
    tie ??= direction;
    columns.push(`${column} ${direction}`);
  }
  return tie ? `${columns.join(", ")}, task_id ${tie}` : "created_at desc, task_id desc";
}

const statuses: ReadonlySet<string> = new Set<TaskStatus>(["active", "completed", "abandoned"]);

/** One page of a user's tasks as JSON text of the API's `TaskPage`. */
export async function listTasks(
  database: Database,
  userId: string,
  query: TaskQuery,
  profile: DefaultProfile,
): Promise<string> {
  const { page, page_size } = query;
  const values: unknown[] = [userId, page_size, (page - 1) * page_size, profile.name, profile.model];
  const conditions = ["user_id = $1"];
  const filter = (condition: (place: string) => string, value: string | undefined) => {
    if (value) conditions.push(condition(`$${values.push(value)}`));
  };
  filter((place) => `status = ${place}`, statuses.has(query.status ?? "") ? query.status : undefined);
  filter((place) => `skill = ${place}`, query.skill?.trim());
  filter((place) => `directory = ${place}`, query.working_dir?.trim());
  filter(
    (place) => `(name ilike ${place} or description ilike ${place})`,
    query.q?.trim() && `%${query.q.trim().replaceAll(/[\\%_]/g, "\\$&")}%`,
  );
  const where = conditions.join(" and ");
  const order = orderBy(query.ordering);
  // Without a filter the count is the user's counter: it must not grow with the tasks.
  const filtered = conditions.length > 1;
  const count = filtered
    ? `select count(*) from tasks where ${where}`
    : "select n_tasks from users where user_id = $1";
  const text = `select coalesce((${count}), 0) as count, coalesce((
      select string_agg(task, ',') from (
        select ${taskJson("$4::text", "$5::text")} as task from tasks
        where ${where} order by ${order} limit $2 offset $3::bigint) listed), '') as results`;
  const plain = !filtered && order === "created_at desc, task_id desc";
  const { rows } = await database.pool.query<{ count: number; results: string }>({
    ...(plain && { name: "list-tasks" }),
    text,
    values,
  });
  const { count: total, results } = found(rows[0]);
  return `{"page":${page},"page_size":${page_size},"count":${total},"results":[${results}]}`;
}

export interface TaskEdit {
  status?: TaskStatus;
  name?: string;
  description?: string;
  skill?: string;
  model_profile?: string;
  model?: string;
  /** JSON of `ApprovalRule[]`. */
  approvals?: string;
}

/** Applies the changes and moves `updated_at`. Throws `task_not_found`. */
export async function updateTask(
  database: Database,
  userId: string,
  taskId: string,
  changes: TaskEdit,
): Promise<void> {
  const result = await database.query
    .updateTable("tasks")
    .set({ ...changes, updated_at: sql<Date>`now()` })
    .where("task_id", "=", taskId)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  if (result.numUpdatedRows === 0n) throw taskNotFound();
}

/** Deletes a task; messages, runs and events go with it. Throws `task_not_found`. */
export async function deleteTask(database: Database, userId: string, taskId: string): Promise<void> {
  await database.query.transaction().execute(async (transaction) => {
    // Runs before the task: the order in which the event log takes its locks.
    await transaction
      .selectFrom("runs")
      .select("run_id")
      .where("task_id", "=", taskId)
      .where("user_id", "=", userId)
      .forUpdate()
      .execute();
    const result = await transaction
      .deleteFrom("tasks")
      .where("task_id", "=", taskId)
      .where("user_id", "=", userId)
      .executeTakeFirst();
    if (result.numDeletedRows === 0n) throw taskNotFound();
  });
}

/** How often and when last each of the user's directories was used, by directory name. */
export async function directoryUse(
  database: Database,
  userId: string,
): Promise<Map<string, { tasks: number; lastUsed: Date }>> {
  const rows = await database.query
    .selectFrom("tasks")
    .select(({ fn }) => [
      "directory",
      fn.countAll<number>().as("tasks"),
      fn.max("updated_at").as("last_used"),
    ])
    .where("user_id", "=", userId)
    .groupBy("directory")
    .execute();
  return new Map(rows.map((row) => [row.directory, { tasks: Number(row.tasks), lastUsed: row.last_used }]));
}

/** The refusal that a missing task and another user's task share. */
export function taskNotFound(): ApiError {
  return new ApiError("task_not_found", "There is no such task.");
}

function found<Row>(row: Row | undefined): Row {
  if (row === undefined) throw taskNotFound();
  return row;
}
