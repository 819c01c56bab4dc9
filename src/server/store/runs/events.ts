import type { AskedRequest } from "../../../protocol/request.ts";
import type { RunStatus } from "../../../protocol/run.ts";
import type { Database } from "../database.ts";
import type { LoggedEvent } from "./append.ts";
import { activeStates } from "./runs.ts";

/** One look at a run's log: its state and up to `limit` events after `after`, of one moment. */
export interface LogPage {
  status: RunStatus;
  events: LoggedEvent[];
}

/**
 * Reads the log of a run; null when there is no such run (any more). A message that waits to become one reads as a
 * queued run without events. The caller has made sure that its user may see the run (`requireRun`).
 */
export async function readEvents(
  database: Database,
  runId: string,
  after: number,
  limit: number,
): Promise<LogPage | null> {
  const { rows } = await database.pool.query<{ status: RunStatus } & LoggedEvent>({
    name: "read-events",
    text: `select status, seq, type, data from runs left join lateral (
        select seq, type, data from events where events.run_id = runs.run_id and seq > $2
        order by seq limit $3) page on true
      where run_id = $1 order by seq`,
    values: [runId, after, limit],
  });
  const first = rows[0];
  if (first) return { status: first.status, events: first.seq === null ? [] : rows };
  return (await isPending(database, runId)) ? { status: "queued", events: [] } : null;
}

/** As `readEvents` for several runs, each behind its own event; what does not exist is left out. */
export async function readManyEvents(
  database: Database,
  wanted: { runId: string; after: number }[],
  limit: number,
): Promise<Map<string, LogPage>> {
  const { rows } = await database.pool.query<{ runId: string; status: RunStatus } & LoggedEvent>({
    name: "read-many-events",
    text: `select runs.run_id as "runId", status, seq, type, data
      from unnest($1::uuid[], $2::int[]) as wanted (run_id, after) join runs using (run_id)
      left join lateral (
        select seq, type, data from events where events.run_id = wanted.run_id and seq > after
        order by seq limit $3) page on true
      union all
      select pending_id, 'queued', null, null, null
      from unnest($1::uuid[]) as wanted (pending_id) join pending using (pending_id)
      order by 1, 3`,
    values: [wanted.map(({ runId }) => runId), wanted.map(({ after }) => after), limit],
  });
  const pages = new Map<string, LogPage>();
  for (const { runId, status, ...event } of rows) {
    const page = pages.get(runId) ?? { status, events: [] };
    pages.set(runId, page);
    if (event.seq !== null) page.events.push(event);
  }
  return pages;
}

/** Asked after the run itself was looked for: a message may have become it in between, and is then found next time. */
async function isPending(database: Database, runId: string): Promise<boolean> {
  const { rowCount } = await database.pool.query({
    name: "is-pending",
    text: "select 1 from pending where pending_id = $1 union all select 1 from runs where run_id = $1",
    values: [runId],
  });
  return rowCount !== 0;
}

/** A run of a task by its place among the task's. */
export interface NextRun {
  runId: string;
  ordinal: number;
}

/**
 * The first run of a task, by ordinal, that has or may get an event behind this one; null if there is none yet, "gone"
 * if the task is no more.
 */
export async function readNextRun(
  database: Database,
  taskId: string,
  ordinal: number,
  seq: number,
): Promise<NextRun | null | "gone"> {
  const { rows } = await database.pool.query<{ runId: string | null; ordinal: number }>({
    name: "read-next-run",
    text: `select run_id as "runId", ordinal from tasks left join lateral (
        select run_id, ordinal from runs where runs.task_id = tasks.task_id and (ordinal > $2 or ordinal = $2 and (
          status in ${activeStates} or exists (select 1 from events where events.run_id = runs.run_id and seq > $3)))
        order by ordinal limit 1) next on true
      where task_id = $1`,
    values: [taskId, ordinal, seq],
  });
  const [next] = rows;
  if (!next) return "gone";
  return next.runId === null ? null : { runId: next.runId, ordinal: next.ordinal };
}

/** What is known of a run that is gone on with. */
export interface RunProgress {
  /** The last event of its log; 0 for none. */
  lastSeq: number;
  /** Whether its log has begun (`run_start`). */
  started: boolean;
  /** Its steps whose answer is stored. */
  steps: number;
  /** The model calls of agents that worked for it. */
  delegatedSteps: number;
  /** What it has asked a person, by tool call. */
  requests: Map<string, AskedRequest>;
}

/** Where a run stands that another server, or another time, has begun. */
export async function readProgress(database: Database, runId: string): Promise<RunProgress> {
  const { rows } = await database.pool.query<Omit<RunProgress, "requests"> & { requests: AskedRequest[] }>({
    name: "read-progress",
    text: `select coalesce((select max(seq) from events where run_id = $1), 0) as "lastSeq",
        exists (select 1 from events where run_id = $1 and type = 'run_start') as started,
        (select count(*) from messages where run_id = $1 and task_id = runs.task_id
          and payload ->> 'role' = 'assistant') as steps,
        (select count(*) from usage where run_id = $1 and purpose = 'delegate') as "delegatedSteps",
        (select coalesce(json_agg(json_build_object('request', request, 'answer', answer, 'used', used)), '[]')
          from requests where run_id = $1) as requests
      from runs where run_id = $1`,
    values: [runId],
  });
  const row = rows[0];
  if (!row) return { lastSeq: 0, started: false, steps: 0, delegatedSteps: 0, requests: new Map() };
  return { ...row, requests: new Map(row.requests.map((stored) => [stored.request.call_id, stored])) };
}

/** The text that a run has streamed in a step that is not stored. */
export async function readUnstoredText(database: Database, runId: string): Promise<string> {
  const { rows } = await database.pool.query<{ text: string | null }>(
    `select string_agg(data::json ->> 'text', '' order by seq) as text from events
     where run_id = $1 and type = 'text' and seq > coalesce((
       select max(seq) from events where run_id = $1 and type in ('llm_start', 'llm_end')), 0)`,
    [runId],
  );
  return rows[0]?.text ?? "";
}
