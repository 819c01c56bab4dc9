import { DatabaseError } from "pg";
import { ApiError } from "../../protocol/error.ts";
import type { ChatMessage } from "../../protocol/message.ts";
import type { PageQuery } from "../../protocol/page.ts";
import type { RunStatus } from "../../protocol/run.ts";
import type { Database } from "./database.ts";
import type { ProviderData, StoredMessage } from "./messages.ts";
import { isoTime, taskNotFound } from "./tasks.ts";

/**
 * A run this server executes. `generation` is the fencing token: every write of the run carries it,
 * and one that is no longer current changes nothing.
 */
export interface LeasedRun {
  runId: string;
  taskId: string;
  userId: string;
  generation: number;
  status: RunStatus;
  taskName: string;
  directory: string;
  skill: string;
  profile: string;
  /** What the run has cost so far. */
  tokensIn: number;
  tokensOut: number;
  /** Index of the next message of the task. */
  nextIdx: number;
  /** The conversation up to and with the run's message, where it was read in the same breath. */
  conversation?: StoredMessage[];
}

const leasedColumns = `runs.run_id as "runId", runs.task_id as "taskId", runs.user_id as "userId",
  runs.lease_generation as generation, runs.status, runs.tokens_in as "tokensIn", runs.tokens_out as "tokensOut",
  tasks.name as "taskName", tasks.directory, tasks.skill, tasks.model_profile as profile, tasks.n_messages as "nextIdx"`;

/** The statement's own message is not among them: it sees the table as it was before. */
const earlierMessages = `(select coalesce(json_agg(json_build_array(payload, provider_data) order by idx), '[]')
  from messages where messages.task_id = tasks.task_id)`;

/**
 * Stores a message and makes its run, in one statement and so in one transaction. With `serverId` the run is
 * leased to that server at once, and returned with its conversation; else it is queued. Throws `task_not_found` and `run_active`.
 */
export async function insertRun(
  database: Database,
  userId: string,
  taskId: string,
  runId: string,
  content: string,
  serverId: string | null,
): Promise<LeasedRun> {
  try {
    const { rows } = await database.pool.query<LeasedRun & { earlier: [ChatMessage, ProviderData][] }>({
      name: serverId === null ? "queue-run" : "insert-run",
      text: `with tasks as (
          update tasks set n_messages = n_messages + 1, updated_at = now()
          where task_id = $1 and user_id = $2 and not exists (
            select 1 from runs where task_id = $1 and status in ('queued', 'running', 'cancelling'))
          returning *
        ), runs as (
          insert into runs (run_id, task_id, user_id, status, lease_owner, lease_generation, started_at)
          select $3, task_id, user_id, case when $5::uuid is null then 'queued' else 'running' end,
            $5, case when $5::uuid is null then 0 else 1 end, case when $5::uuid is null then null else now() end
          from tasks returning *
        ), message as (
          insert into messages (task_id, idx, run_id, payload)
          select task_id, n_messages - 1, $3, json_build_object('role', 'user', 'content', $4::text) from tasks
        )
        select ${leasedColumns}, ${serverId === null ? "'[]'::json" : earlierMessages} as earlier
        from runs join tasks using (task_id)`,
      values: [taskId, userId, runId, content, serverId],
    });
    if (rows[0]) {
      const { earlier, ...run } = rows[0];
      const conversation = earlier.map(([payload, providerData]) => ({ payload, providerData }));
      conversation.push({ payload: { role: "user", content }, providerData: null });
      return { ...run, conversation };
    }
  } catch (error) {
    // Two messages at once: the index that allows one active run a task decides.
    if (error instanceof DatabaseError && error.constraint === "runs_one_active") throw runActive();
    throw error;
  }
  const task = await database.query
    .selectFrom("tasks")
    .select("task_id")
    .where("task_id", "=", taskId)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  throw task ? runActive() : taskNotFound();
}

function runActive(): ApiError {
  return new ApiError("run_active", "A run of this task is still active. Wait for its end or cancel it.");
}

/**
 * Takes up to `limit` waiting runs for this server, oldest first; and of those that were cancelled while they
 * waited some more, since they only have to be ended.
 */
export async function claimRuns(database: Database, serverId: string, limit: number): Promise<LeasedRun[]> {
  const { rows } = await database.pool.query<LeasedRun>({
    name: "claim-runs",
    text: `update runs set status = case runs.status when 'queued' then 'running' else runs.status end,
        lease_owner = $1, lease_generation = lease_generation + 1, started_at = coalesce(started_at, now())
      from tasks where tasks.task_id = runs.task_id and run_id = any(array(
          select run_id from runs where status = 'queued' order by run_id limit $2 for update skip locked
        ) || array(
          select run_id from runs where status = 'cancelling' and lease_owner is null
          limit 8 for update skip locked))
      returning ${leasedColumns}`,
    values: [serverId, limit],
  });
  return rows;
}

/**
 * Takes over up to `limit` runs whose server is gone, and `strays` of this server's own that it does not
 * work on. What is still written by whoever had them is void from here on. The dead are listed first: a run that somebody else took over meanwhile is looked at again when its lock is had, and
 * `not exists` would then hold whatever the new owner.
 */
export async function claimOrphans(
  database: Database,
  serverId: string,
  limit: number,
  strays: string[],
): Promise<LeasedRun[]> {
  const { rows } = await database.pool.query<LeasedRun>(
    `update runs set lease_owner = $1, lease_generation = lease_generation + 1
     from tasks where tasks.task_id = runs.task_id and run_id in (
       select run_id from runs
       where status in ('running', 'cancelling') and (lease_owner = any(array(
         select lease_owner from runs where status in ('running', 'cancelling') and lease_owner is not null
         except select server_id from servers where expires_at > now()))
         or lease_owner = $1 and run_id = any($3::uuid[]))
       order by run_id limit $2 for update skip locked)
     returning ${leasedColumns}`,
    [serverId, limit, strays],
  );
  return rows;
}

/** The runs that are leased to a server, and whether somebody asked to cancel them. */
export async function leasedRuns(
  database: Database,
  serverId: string,
): Promise<{ runId: string; cancelling: boolean }[]> {
  const rows = await database.query
    .selectFrom("runs")
    .select(["run_id", "status"])
    .where("lease_owner", "=", serverId)
    .where("status", "in", ["running", "cancelling"])
    .execute();
  return rows.map((row) => ({ runId: row.run_id, cancelling: row.status === "cancelling" }));
}

/** Marks an active run `cancelling`. Throws `run_not_found`, or `run_not_active` if it ended or is cancelled already. */
export async function markCancelling(
  database: Database,
  userId: string,
  taskId: string,
  runId: string,
): Promise<void> {
  const { rows } = await database.pool.query<{ marked: boolean }>({
    name: "mark-cancelling",
    text: `with marked as (
        update runs set status = 'cancelling'
        where run_id = $1 and task_id = $2 and user_id = $3 and status in ('queued', 'running')
        returning run_id)
      select exists (select 1 from marked) as marked from runs
      where run_id = $1 and task_id = $2 and user_id = $3`,
    values: [runId, taskId, userId],
  });
  if (!rows[0]) throw runNotFound();
  if (!rows[0].marked) {
    throw new ApiError("run_not_active", "The run has ended or is being cancelled already.");
  }
}

/** Marks a task's active run `cancelling`, if it has one; null if not. */
export async function markTaskCancelling(
  database: Database,
  userId: string,
  taskId: string,
): Promise<string | null> {
  const { rows } = await database.pool.query<{ run_id: string }>(
    `update runs set status = 'cancelling' where task_id = $1 and user_id = $2
       and status in ('queued', 'running', 'cancelling') returning run_id`,
    [taskId, userId],
  );
  return rows[0]?.run_id ?? null;
}

/** One page of a task's runs, newest first, as JSON text of the API's `RunPage`. Throws `task_not_found`. */
export async function listRuns(
  database: Database,
  userId: string,
  taskId: string,
  { page, page_size }: PageQuery,
): Promise<string> {
  const { rows } = await database.pool.query<{ count: number; results: string }>(
    `select (select count(*) from runs where runs.task_id = tasks.task_id) as count, coalesce((
       select json_agg(run) from (
         select json_build_object('run_id', run_id, 'task_id', task_id, 'status', status,
           'tokens_in', tokens_in, 'tokens_out', tokens_out,
           'error', case when error_code is not null
             then json_build_object('code', error_code, 'msg', error_message) end,
           'created_at', ${isoTime("created_at")}, 'started_at', ${isoTime("started_at")},
           'finished_at', ${isoTime("finished_at")}) as run
         from runs where runs.task_id = tasks.task_id
         order by run_id desc limit $3 offset $4::bigint) listed), '[]')::text as results
     from tasks where task_id = $1 and user_id = $2`,
    [taskId, userId, page_size, (page - 1) * page_size],
  );
  const row = rows[0];
  if (!row) throw taskNotFound();
  return `{"page":${page},"page_size":${page_size},"count":${row.count},"results":${row.results}}`;
}

/** Throws `run_not_found` unless the run is of this task and user. */
export async function requireRun(
  database: Database,
  userId: string,
  taskId: string,
  runId: string,
): Promise<void> {
  const { rowCount } = await database.pool.query({
    name: "require-run",
    text: "select 1 from runs where run_id = $1 and task_id = $2 and user_id = $3",
    values: [runId, taskId, userId],
  });
  if (rowCount === 0) throw runNotFound();
}

/** The refusal that a missing run, one of another task and another user's share. */
export function runNotFound(): ApiError {
  return new ApiError("run_not_found", "There is no such run in this task.");
}
