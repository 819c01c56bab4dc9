import type { Database } from "../database.ts";
import { type LeasedRun, leasedColumns } from "./runs.ts";

/**
 * Waiting runs, as SQL, to be taken by `turn`, then `last_turn`, then `run_id`: round-robin by user, each user's in
 * order. A user's turn counts what is at work for them already, so that who has little there comes first.
 */
function inOrder(perUser: string): string {
  return `with recursive who as (
      (select user_id from runs where status = 'queued' order by user_id limit 1)
      union all
      select (select runs.user_id from runs where status = 'queued' and runs.user_id > who.user_id
        order by runs.user_id limit 1) from who where who.user_id is not null
    ), at_work as (
      select user_id, count(*) as n from runs where status in ('running', 'cancelling') group by user_id
    ), waiting as (
      select queued.run_id, coalesce(at_work.n, 0) + place as turn, last_turn
      from who join users using (user_id) left join at_work using (user_id) cross join lateral (
        select run_id, row_number() over (order by run_id) as place from (
          select run_id from runs where status = 'queued' and runs.user_id = who.user_id
          order by run_id limit ${perUser}) first) queued
    )`;
}

/**
 * Takes up to `limit` runs for this server: first those that a server has let go of, then waiting ones, fairly and
 * no more than `userLimit` of one user at a time. Of those that were cancelled while nobody worked on them it takes
 * some more, since they only have to be ended.
 * The task's time is moved only where nobody else has its row: whoever has moves it, and may wait for this run.
 */
export async function claimRuns(
  database: Database,
  serverId: string,
  limit: number,
  userLimit: number,
): Promise<LeasedRun[]> {
  const { rows } = await database.pool.query<LeasedRun>({
    name: "claim-runs",
    text: `${inOrder("$2")}, resumed as (
        select run_id from runs where status = 'running' and lease_owner is null
        order by run_id limit $2 for update skip locked
      ), cancelled as (
        select run_id from runs where status = 'cancelling' and lease_owner is null
        limit 8 for update skip locked
      ), next as (
        select run_id from runs where status = 'queued' and run_id = any(array(
          select run_id from waiting where turn <= $3 order by turn, last_turn, run_id
          limit greatest(0, $2 - (select count(*) from resumed))))
        order by run_id for update
      ), taken as (
        update runs set status = case runs.status when 'queued' then 'running' else runs.status end,
          lease_owner = $1, lease_generation = lease_generation + 1, queue_position = null,
          started_at = coalesce(started_at, now())
        where run_id = any(array(table resumed union all table cancelled union all table next))
        returning *
      ), served as (
        update users set last_turn = nextval('turns') where user_id = any(array(select user_id from taken))
      ), moved as (
        update tasks set updated_at = now() where task_id = any(array(
          select tasks.task_id from tasks join taken using (task_id) for no key update of tasks skip locked))
      )
      select ${leasedColumns("taken")} from taken join tasks using (task_id)`,
    values: [serverId, limit, userLimit],
  });
  return rows;
}

/** What is left in the queue. */
export interface Waiting {
  /** Runs are left that nobody works on. */
  any: boolean;
  /** And their users' limits do not stand in the way: somebody else may have been about to take them. */
  claimable: boolean;
}

export async function readWaiting(database: Database, userLimit: number): Promise<Waiting> {
  const { rows } = await database.pool.query<Waiting>({
    name: "read-waiting",
    text: `${inOrder("1")}, freed as (
        select from runs where status in ('running', 'cancelling') and lease_owner is null limit 1
      )
      select exists (table waiting) or exists (table freed) as any,
        exists (select from waiting where turn <= $1) or exists (table freed) as claimable`,
    values: [userLimit],
  });
  return rows[0] ?? { any: false, claimable: false };
}

/**
 * Frees the runs whose server is gone, and `strays` of this server's own that it does not work on: whoever has room
 * takes them. What is still written by whoever had them is void from here on. The dead are listed first: a run that
 * somebody else freed meanwhile is looked at again when its lock is had, and `not exists` would then hold whatever
 * the new owner. Gives how many there were.
 */
export async function freeOrphans(database: Database, serverId: string, strays: string[]): Promise<number> {
  const { rowCount } = await database.pool.query({
    name: "free-orphans",
    text: `update runs set lease_owner = null, lease_generation = lease_generation + 1, attempt = attempt + 1,
        resume_reason = 'server_lost'
      where run_id = any(array(
        select run_id from runs
        where status in ('running', 'cancelling') and (lease_owner = any(array(
          select lease_owner from runs where status in ('running', 'cancelling') and lease_owner is not null
          except select server_id from servers))
          or lease_owner = $1 and run_id = any($2::uuid[]))
        order by run_id for update skip locked))`,
    values: [serverId, strays],
  });
  return rowCount ?? 0;
}

/** How many waiting runs are told their position: who is further behind need not know by one. */
const toldPositions = 200;

/**
 * Logs the positions of waiting runs that have moved, as events of theirs, unless another server is at it; gives these
 * runs.
 */
export async function logQueuePositions(database: Database): Promise<string[]> {
  const { rows } = await database.pool.query<{ run_id: string }>({
    name: "log-queue-positions",
    text: `${inOrder(String(toldPositions))}, teller as materialized (
        select pg_try_advisory_xact_lock(hashtext('zcbot queue positions')) as is_here
      ), ranked as (
        select run_id, row_number() over (order by turn, last_turn, run_id) as position from waiting, teller
        where is_here order by turn, last_turn, run_id limit ${toldPositions}
      ), moved as (
        select runs.run_id, position from runs join ranked using (run_id)
        where status = 'queued' and queue_position is distinct from position for update of runs skip locked
      ), noted as (
        update runs set queue_position = position from moved
        where runs.run_id = moved.run_id and status = 'queued' returning runs.run_id, position
      ), told as (
        insert into events (run_id, seq, type, data)
        select run_id, 1 + coalesce((select max(seq) from events where events.run_id = noted.run_id), 0), 'queued',
          '{"position":' || position || '}'
        from noted
        on conflict do nothing
      )
      select run_id from noted`,
  });
  return rows.map((row) => row.run_id);
}

/** The runs that are leased to a server, whether they are to be stopped, and whether messages wait that may enter. */
export async function leasedRuns(
  database: Database,
  serverId: string,
): Promise<{ runId: string; cancelling: boolean; steered: boolean }[]> {
  const { rows } = await database.pool.query<{ runId: string; cancelling: boolean; steered: boolean }>({
    name: "leased-runs",
    text: `select run_id as "runId", n_pending > 0 as steered,
        runs.status = 'cancelling' or n_pending > 0 and exists (
          select 1 from pending where pending.task_id = runs.task_id and mode = 'interrupt') as cancelling
      from runs join tasks using (task_id)
      where lease_owner = $1 and runs.status in ('running', 'cancelling')`,
    values: [serverId],
  });
  return rows;
}

/** Whether a lease of this generation is still the run's. */
export async function isLeased(database: Database, runId: string, generation: number): Promise<boolean> {
  const { rowCount } = await database.pool.query({
    name: "is-leased",
    text: "select 1 from runs where run_id = $1 and lease_generation = $2",
    values: [runId, generation],
  });
  return rowCount !== 0;
}

/** Stops runs that nobody works on and that a message wants to interrupt. Gives how many. */
export async function interruptIdle(database: Database): Promise<number> {
  const { rowCount } = await database.pool.query({
    name: "interrupt-idle",
    text: `update runs set status = 'cancelling'
      where status in ('waiting', 'queued') and task_id = any(array(
        select task_id from tasks where n_pending > 0 and exists (
          select 1 from pending where pending.task_id = tasks.task_id and mode = 'interrupt')))`,
  });
  return rowCount ?? 0;
}
