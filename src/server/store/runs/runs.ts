import { DatabaseError } from "pg";
import type { ApprovalRule } from "../../../protocol/agent/approval.ts";
import { ApiError } from "../../../protocol/error.ts";
import type { ChatMessage, MessageNotes } from "../../../protocol/message.ts";
import type { PageQuery } from "../../../protocol/page.ts";
import type { Run, RunStatus } from "../../../protocol/run.ts";
import type { StoredMcpServer } from "../agent/mcp-servers.ts";
import type { Database } from "../database.ts";
import type { ProviderData, StoredMessage } from "../messages.ts";
import { costJson, isoTime, taskNotFound } from "../tasks.ts";
import type { ResumeReason, Spending } from "./append.ts";

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
  /** Rules about tool calls: the user's, and the task's own behind them. */
  userApprovals: ApprovalRule[];
  /** The user's own servers of tools. */
  mcpServers: Record<string, StoredMcpServer>;
  approvals: ApprovalRule[];
  /** Whether its user wants memory to be read and written. */
  remembers: boolean;
  /** What the run has cost so far. */
  spent: Spending;
  /** Index of the next message of the task. */
  nextIdx: number;
  /** Messages that waited in the task when the lease was taken. */
  nPending: number;
  /** 1, and one more for each server that was lost with it. */
  attempt: number;
  /** Why it has been let go of before; null for one that begins. */
  resumeReason: ResumeReason | null;
  /** The end of the conversation up to and with the run's message, where it was read in the same breath. */
  conversation?: StoredMessage[];
  /** With it, how the model is shown the conversation, as it is stored; null where nothing is. */
  context?: unknown;
}

/** A run to be made in a task, and the message that it is for. */
export interface NewRun {
  userId: string;
  taskId: string;
  runId: string;
  content: string;
  /** What is kept of the message beside its words. */
  notes: MessageNotes | null;
  /** Null: the task's. */
  profile: string | null;
}

/** Selects a `LeasedRun` out of rows of `runs`, by whatever name, and of `tasks`. */
export function leasedColumns(runs: string): string {
  return `${runs}.run_id as "runId", ${runs}.task_id as "taskId", ${runs}.user_id as "userId",
    ${runs}.lease_generation as generation, ${runs}.status, ${runs}.attempt, ${runs}.resume_reason as "resumeReason",
    json_build_object('tokensIn', ${runs}.tokens_in, 'tokensOut', ${runs}.tokens_out, 'cached', ${runs}.cached,
      'reasoning', ${runs}.reasoning, 'costNano', ${runs}.cost_nano) as spent,
    tasks.name as "taskName", tasks.directory, tasks.skill,
    coalesce(${runs}.model_profile, tasks.model_profile) as profile, tasks.approvals,
    (select approvals from users where users.user_id = tasks.user_id) as "userApprovals",
    (select memory from users where users.user_id = tasks.user_id) as remembers,
    (select mcp_servers from users where users.user_id = tasks.user_id) as "mcpServers",
    tasks.n_messages as "nextIdx", tasks.n_pending as "nPending"`;
}

/** The states in which a run keeps its task from beginning another, as SQL. */
export const activeStates = "('queued', 'running', 'waiting', 'cancelling')";

/** The statement's own message is not among them: it sees the table as it was before. */
const earlierMessages = `(select coalesce(json_agg(
    json_build_array(payload, provider_data, notes, messages.tokens_in) order by idx), '[]')
  from messages where messages.task_id = tasks.task_id and idx >= coalesce(contexts.summarized_before, 0))`;

/**
 * A server that would take a new run at once. `userLimit` is how many runs of its user may be at work; null where the
 * server knows that there are fewer, which spares the count a fifth of the statement's time.
 */
export interface LeaseOffer {
  serverId: string;
  userLimit: number | null;
}

/**
 * Stores a message and makes its run, in one statement and so in one transaction. With an `offer` the run is leased
 * to that server at once, and returned with its conversation; without one, or where its user has others waiting or
 * enough at work, it is queued, and all servers are told. (Runs that begin in the same instant may exceed the user's
 * limit: they do not see each other.) Throws `task_not_found` and `run_active`.
 */
export async function insertRun(
  database: Database,
  { userId, taskId, runId, content, notes, profile }: NewRun,
  offer: LeaseOffer | null,
): Promise<LeasedRun> {
  try {
    const { rows } = await database.pool.query<
      LeasedRun & { earlier: [ChatMessage, ProviderData, MessageNotes | null, number][] }
    >({
      name: offer === null ? "queue-run" : "insert-run",
      text: `with place as (
          select case when $5::uuid is not null and not exists (
              select 1 from runs where user_id = $2 and status = 'queued')
            and ($6::int is null or $6 > (
              select count(*) from runs where user_id = $2 and status in ('running', 'cancelling')))
            then $5::uuid end as owner
        ), tasks as (
          update tasks set n_messages = n_messages + 1, n_runs = n_runs + 1, updated_at = now()
          where task_id = $1 and user_id = $2 and n_pending = 0 and not exists (
            select 1 from runs where task_id = $1 and status in ${activeStates})
          returning *
        ), runs as (
          insert into runs (run_id, task_id, user_id, ordinal, message_idx, model_profile, status, lease_owner,
            lease_generation, started_at)
          select $3, task_id, user_id, n_runs, n_messages - 1, $7, case when owner is null then 'queued' else 'running' end,
            owner, case when owner is null then 0 else 1 end, case when owner is not null then now() end
          from tasks, place returning *
        ), message as (
          insert into messages (task_id, idx, run_id, payload, notes)
          select task_id, n_messages - 1, $3, json_build_object('role', 'user', 'content', $4::text), $8::json from tasks
        )
        select ${leasedColumns("runs")}, ${offer === null ? "'[]'::json" : earlierMessages} as earlier,
          contexts.record as context,
          case when runs.status = 'queued' then pg_notify('zcbot', 'queue:') end
        from runs join tasks using (task_id) left join contexts using (task_id)`,
      values: [
        ...[taskId, userId, runId, content, offer?.serverId ?? null, offer?.userLimit ?? null],
        ...[profile, notes && JSON.stringify(notes)],
      ],
    });
    if (rows[0]) {
      const { earlier, ...run } = rows[0];
      const conversation = earlier.map(([payload, providerData, kept, tokensIn]) => ({
        payload,
        providerData,
        notes: kept,
        tokensIn,
      }));
      conversation.push({ payload: { role: "user", content }, providerData: null, notes, tokensIn: 0 });
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

export function runActive(): ApiError {
  return new ApiError("run_active", "A run of this task is still active. Wait for its end or cancel it.");
}

/**
 * Marks an active run `cancelling`. Throws `run_not_found`, or `run_not_active` if it ended or is cancelled already.
 */
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
        where run_id = $1 and task_id = $2 and user_id = $3 and status in ('queued', 'running', 'waiting')
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
       and status in ${activeStates} returning run_id`,
    [taskId, userId],
  );
  return rows[0]?.run_id ?? null;
}

/** SQL that prints a row of `runs` as JSON of the API's `Run`. */
const runJson = `json_build_object('run_id', run_id, 'task_id', task_id, 'status', status,
  'model_profile', model_profile, 'tokens_in', tokens_in, 'tokens_out', tokens_out, 'cached', cached, 'reasoning', reasoning,
  'cost', ${costJson}::json,
  'error', case when error_code is not null then json_build_object('code', error_code, 'msg', error_message) end,
  'attempt', attempt, 'worker', lease_owner,
  'created_at', ${isoTime("created_at")}, 'started_at', ${isoTime("started_at")},
  'finished_at', ${isoTime("finished_at")})`;

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
         select ${runJson} as run from runs where runs.task_id = tasks.task_id
         order by ordinal desc limit $3 offset $4::bigint) listed), '[]')::text as results
     from tasks where task_id = $1 and user_id = $2`,
    [taskId, userId, page_size, (page - 1) * page_size],
  );
  const row = rows[0];
  if (!row) throw taskNotFound();
  return `{"page":${page},"page_size":${page_size},"count":${row.count},"results":${row.results}}`;
}

/**
 * A run as the API shows it; a message that waits to become one is shown as `queued`. Throws `run_not_found` unless
 * it is of this task and user.
 */
export async function readRun(
  database: Database,
  userId: string,
  taskId: string,
  runId: string,
): Promise<Run> {
  const { rows } = await database.pool.query<{ run: Run }>({
    name: "read-run",
    text: `select ${runJson} as run from (
        select run_id, task_id, status, model_profile, tokens_in, tokens_out, cached, reasoning, cost_nano, error_code,
          error_message, attempt, lease_owner, created_at, started_at, finished_at
        from runs where run_id = $1 and task_id = $2 and user_id = $3
        union all
        select pending_id, task_id, 'queued', model_profile, 0, 0, 0, 0, 0, null, null, 1, null, created_at, null, null
        from pending where pending_id = $1 and task_id = $2 and user_id = $3) found`,
    values: [runId, taskId, userId],
  });
  const row = rows[0];
  if (!row) throw runNotFound();
  return row.run;
}

/** Throws `run_not_found` unless the run, or the message that will become it, is of this task and user. */
export async function requireRun(
  database: Database,
  userId: string,
  taskId: string,
  runId: string,
): Promise<void> {
  const { rowCount } = await database.pool.query({
    name: "require-run",
    text: `select 1 from runs where run_id = $1 and task_id = $2 and user_id = $3
      union all select 1 from pending where pending_id = $1 and task_id = $2 and user_id = $3`,
    values: [runId, taskId, userId],
  });
  if (rowCount === 0) throw runNotFound();
}

/** The refusal that a missing run, one of another task and another user's share. */
export function runNotFound(): ApiError {
  return new ApiError("run_not_found", "There is no such run in this task.");
}
