import type { PoolClient } from "pg";
import { ApiError } from "../../../protocol/error.ts";
import type { MessageNotes, PendingList, PendingMessage, PendingMode } from "../../../protocol/message.ts";
import type { Database } from "../database.ts";
import { isoTime, taskNotFound } from "../tasks.ts";
import { activeStates } from "./runs.ts";
import { findActiveRun, insertMessage, insertQueuedRun, type LockedTask, lockTask } from "./task-lock.ts";

/** What the next run is made of comes first: an interruption, then the oldest. */
const order = "mode = 'interrupt' desc, ordinal";

const pendingJson = `json_build_object('pending_id', pending_id, 'task_id', task_id, 'mode', mode,
  'content', content, 'attachments', coalesce(notes -> 'attachments', '[]'), 'model_profile', model_profile, 'created_at', ${isoTime("created_at")})`;

/** The messages of a task that wait, in the order they come. Throws `task_not_found`. */
export async function listPending(database: Database, userId: string, taskId: string): Promise<PendingList> {
  const { rows } = await database.pool.query<PendingList>(
    `select coalesce((select json_agg(${pendingJson} order by ${order}) from pending
       where pending.task_id = tasks.task_id and not taken), '[]') as pending
     from tasks where task_id = $1 and user_id = $2`,
    [taskId, userId],
  );
  const row = rows[0];
  if (!row) throw taskNotFound();
  return row;
}

/** Throws `pending_not_found`. */
export async function readPending(
  database: Database,
  userId: string,
  taskId: string,
  pendingId: string,
): Promise<PendingMessage> {
  const { rows } = await database.pool.query<{ pending: PendingMessage }>(
    `select ${pendingJson} as pending from pending
     where pending_id = $1 and task_id = $2 and user_id = $3 and not taken`,
    [pendingId, taskId, userId],
  );
  const row = rows[0];
  if (!row) throw pendingNotFound();
  return row.pending;
}

/**
 * Gives the message as it is then, and the run that is active meanwhile. Throws `pending_not_found`, also where the
 * message has been taken up already.
 */
export async function updatePending(
  database: Database,
  userId: string,
  taskId: string,
  pendingId: string,
  changes: { content?: string; mode?: PendingMode; skill?: MessageNotes["skill"] },
): Promise<{ message: PendingMessage; activeRunId: string | undefined }> {
  return await database.transaction(async (client) => {
    await lockForPending(client, userId, taskId);
    const { rows } = await client.query<{ pending: PendingMessage }>(
      `update pending set content = coalesce($4, content), mode = coalesce($5, mode),
         notes = case when $4::text is null then notes else
           nullif((coalesce(notes::jsonb, '{}') - 'skill') || $6::jsonb, '{}')::json end
       where pending_id = $1 and task_id = $2 and user_id = $3 and not taken
       returning ${pendingJson} as pending`,
      [
        ...[pendingId, taskId, userId, changes.content ?? null, changes.mode ?? null],
        // A message that begins otherwise starts another skill, or none.
        JSON.stringify(changes.skill ? { skill: changes.skill } : {}),
      ],
    );
    const [row] = rows;
    if (!row) throw pendingNotFound();
    await client.query("update tasks set updated_at = now() where task_id = $1", [taskId]);
    const active = await findActiveRun(client, taskId);
    return { message: row.pending, activeRunId: active?.runId };
  });
}

/** Withdraws a message that waits. Throws `pending_not_found`, also where it has been taken up already. */
export async function deletePending(
  database: Database,
  userId: string,
  taskId: string,
  pendingId: string,
): Promise<void> {
  await database.transaction(async (client) => {
    // The task first, as everybody does who moves its counter.
    await lockForPending(client, userId, taskId);
    const { rowCount } = await client.query(
      "delete from pending where pending_id = $1 and task_id = $2 and user_id = $3 and not taken",
      [pendingId, taskId, userId],
    );
    if (rowCount === 0) throw pendingNotFound();
    await client.query("update tasks set n_pending = n_pending - 1, updated_at = now() where task_id = $1", [
      taskId,
    ]);
  });
}

/** Withdraws all that waits in a task that is about to go. */
export async function clearPending(database: Database, userId: string, taskId: string): Promise<void> {
  await database.transaction(async (client) => {
    await lockTask(client, userId, taskId);
    // Those that are being taken in are the event log's, which holds their rows and waits for the task's.
    const { rowCount } = await client.query(
      "delete from pending where task_id = $1 and user_id = $2 and not taken",
      [taskId, userId],
    );
    await client.query("update tasks set n_pending = n_pending - $3 where task_id = $1 and user_id = $2", [
      taskId,
      userId,
      rowCount ?? 0,
    ]);
  });
}

/** A message on its way into the run at work. */
export interface SteeringMessage {
  pendingId: string;
  content: string;
  notes: MessageNotes | null;
}

/**
 * Takes the messages that shall enter a task's run at work. From here on they can no longer be edited or withdrawn;
 * the flush that stores them (see `appendToRuns`) removes them, and where it never comes whoever goes on takes them
 * again.
 */
export async function takeSteering(
  database: Database,
  { taskId, runId, generation }: { taskId: string; runId: string; generation: number },
): Promise<SteeringMessage[]> {
  const { rows } = await database.pool.query<SteeringMessage>({
    name: "take-steering",
    text: `with steering as (
        update pending set taken = true where task_id = $1 and mode = 'steer' and exists (
          select 1 from runs where run_id = $2 and lease_generation = $3)
        returning pending_id, content, notes, ordinal)
      select pending_id as "pendingId", content, notes from steering order by ordinal`,
    values: [taskId, runId, generation],
  });
  return rows;
}

/**
 * Makes a queued run of the next message that waits in a task, unless a run of it is active, or somebody else is at
 * it. Gives the run; null where there was nothing to do.
 */
export async function promotePending(
  database: Database,
  taskId: string,
  { patient }: { patient: boolean },
): Promise<{ runId: string; userId: string } | null> {
  return await database.transaction(async (client) => {
    const { rows: tasks } = await client.query<LockedTask>(
      `select user_id, n_messages, n_runs, n_pending from tasks where task_id = $1 for update ${patient ? "" : "skip locked"}`,
      [taskId],
    );
    const [task] = tasks;
    if (!task || (await findActiveRun(client, taskId)) !== undefined) return null;
    const { rows } = await client.query<{
      pending_id: string;
      content: string;
      notes: MessageNotes | null;
      profile: string | null;
    }>(
      `delete from pending where pending_id = (
         select pending_id from pending where task_id = $1 order by ${order} limit 1)
       returning pending_id, content, notes, model_profile as profile`,
      [taskId],
    );
    const [next] = rows;
    if (!next) return null;
    // What the others were to stop, or to enter, has ended: they must not do so to this one.
    // Nor are they on their way into it any more.
    await client.query("update pending set mode = 'queue', taken = false where task_id = $1", [taskId]);
    const { pending_id: runId, ...said } = next;
    const run = { userId: task.user_id, taskId, runId, ...said };
    await insertMessage(client, run, task);
    await insertQueuedRun(client, run, task, task.n_messages);
    await client.query("update tasks set n_pending = n_pending - 1 where task_id = $1", [taskId]);
    return { runId: next.pending_id, userId: task.user_id };
  });
}

/** Tasks in which messages wait behind no run: whoever should have made one of them was lost in between. */
export async function strandedPending(database: Database): Promise<string[]> {
  const { rows } = await database.pool.query<{ task_id: string }>({
    name: "stranded-pending",
    text: `select task_id from tasks where n_pending > 0 and not exists (
      select 1 from runs where runs.task_id = tasks.task_id and status in ${activeStates}) limit 100`,
  });
  return rows.map((row) => row.task_id);
}

/** A message of a task that is not there, or another user's, does not wait either. */
async function lockForPending(client: PoolClient, userId: string, taskId: string): Promise<void> {
  await lockTask(client, userId, taskId).catch((error) => {
    throw error instanceof ApiError ? pendingNotFound() : error;
  });
}

export function pendingNotFound(): ApiError {
  return new ApiError("pending_not_found", "No such message waits in this task; it may have been taken up.");
}
