import { createHash } from "node:crypto";
import { DatabaseError, type PoolClient } from "pg";
import { ApiError } from "../../../protocol/error.ts";
import {
  type MessageMode,
  type MessageNotes,
  maxPending,
  type PendingMode,
} from "../../../protocol/message.ts";
import type { Database } from "../database.ts";
import { type NewRun, runActive, runNotFound } from "./runs.ts";
import { findActiveRun, insertMessage, insertQueuedRun, lockTask } from "./task-lock.ts";

/** A message as a person posts it. `runId` is that of the run it will be or become. */
export interface PostedMessage extends NewRun {
  mode: MessageMode;
  /** Names the request: made again, it has the first answer and no effect. */
  idempotencyKey: string | undefined;
}

/** What became of a posted message. */
export interface PostedOutcome {
  /** The run it is for. */
  runId: string;
  /** Where it waits behind the run at work, its id. */
  pendingId: string | undefined;
  /** The run that it is to stop: by the caller, since the event log takes its locks in another order. */
  interrupts: string | undefined;
  /** The request was made before: nothing was done now. */
  repeated: boolean;
}

/**
 * Stores a message in whatever way its mode asks for, with its key, in one transaction. A run it makes is queued.
 * Throws `task_not_found`, `run_active`, `pending_full`, `idempotency_key_reused`.
 */
export async function postMessage(database: Database, message: PostedMessage): Promise<PostedOutcome> {
  try {
    return await database.transaction((client) => postWithin(client, message));
  } catch (error) {
    // The same key at the same instant in another task: now the other request can be seen.
    if (!(error instanceof DatabaseError && error.constraint === "idempotency_keys_pkey")) throw error;
    return await database.transaction((client) => postWithin(client, message));
  }
}

async function postWithin(client: PoolClient, message: PostedMessage): Promise<PostedOutcome> {
  const { taskId, userId, runId, idempotencyKey } = message;
  // Everything below is decided under the task's lock, as is the end of its run.
  const task = await lockTask(client, userId, taskId);
  const known = idempotencyKey !== undefined && (await readKey(client, message, idempotencyKey));
  if (known) return { ...known, interrupts: undefined, repeated: true };
  const active = await findActiveRun(client, taskId);
  let outcome: Omit<PostedOutcome, "repeated">;
  if (!active && task.n_pending === 0) {
    await insertMessage(client, message, task);
    await insertQueuedRun(client, message, task, task.n_messages);
    outcome = { runId, pendingId: undefined, interrupts: undefined };
  } else {
    if (message.mode === "reject") throw runActive();
    if (task.n_pending >= maxPending) {
      throw new ApiError("pending_full", `No more than ${maxPending} messages can wait in a task.`);
    }
    const steers = message.mode === "steer" && active !== undefined && active.status !== "cancelling";
    // With no run to enter it becomes one, as it is promised here.
    await insertPending(client, message, message.mode === "steer" && !steers ? "queue" : message.mode);
    outcome = {
      runId: steers ? active.runId : runId,
      pendingId: runId,
      interrupts: message.mode === "interrupt" ? active?.runId : undefined,
    };
  }
  if (idempotencyKey !== undefined) await insertKey(client, message, idempotencyKey, outcome);
  return { ...outcome, repeated: false };
}

/**
 * Makes a queued run on the message of an earlier one. The message is stored again, unless nothing was said after it.
 * Throws `run_not_found`, `run_active`.
 */
export async function retryRun(
  database: Database,
  ids: { userId: string; taskId: string; runId: string; newRunId: string },
): Promise<void> {
  const { userId, taskId, newRunId } = ids;
  await database.transaction(async (client) => {
    const task = await lockTask(client, userId, taskId).catch((error) => {
      throw error instanceof ApiError ? runNotFound() : error;
    });
    const { rows } = await client.query<{
      idx: number;
      content: string;
      profile: string | null;
      notes: MessageNotes | null;
    }>(
      `select idx, payload ->> 'content' as content, model_profile as profile, notes
       from runs join messages on messages.task_id = runs.task_id and idx = message_idx
       where runs.task_id = $1 and runs.run_id = $2`,
      [taskId, ids.runId],
    );
    const [first] = rows;
    if (!first) throw runNotFound();
    if (task.n_pending > 0 || (await findActiveRun(client, taskId)) !== undefined) throw runActive();
    const { content, profile, notes } = first;
    const message = { userId, taskId, runId: newRunId, content, notes, profile };
    const isLast = first.idx === task.n_messages - 1;
    if (!isLast) await insertMessage(client, message, task);
    await insertQueuedRun(client, message, task, isLast ? first.idx : task.n_messages);
  });
}

async function insertPending(client: PoolClient, message: PostedMessage, mode: PendingMode): Promise<void> {
  await client.query(
    `insert into pending (pending_id, task_id, user_id, mode, content, notes, model_profile)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      ...[message.runId, message.taskId, message.userId, mode, message.content],
      ...[message.notes && JSON.stringify(message.notes), message.profile],
    ],
  );
  await client.query("update tasks set n_pending = n_pending + 1, updated_at = now() where task_id = $1", [
    message.taskId,
  ]);
}

type StoredOutcome = Pick<PostedOutcome, "runId" | "pendingId">;

async function readKey(
  client: PoolClient,
  message: PostedMessage,
  key: string,
): Promise<StoredOutcome | undefined> {
  const { rows } = await client.query<{ request: string; response: StoredOutcome }>(
    "select request, response from idempotency_keys where user_id = $1 and key = $2",
    [message.userId, key],
  );
  const [known] = rows;
  if (known && known.request !== digest(message)) {
    throw new ApiError("idempotency_key_reused", "This Idempotency-Key was used with another request.");
  }
  return known && { runId: known.response.runId, pendingId: known.response.pendingId };
}

async function insertKey(
  client: PoolClient,
  message: PostedMessage,
  key: string,
  { runId, pendingId }: StoredOutcome,
): Promise<void> {
  await client.query(
    "insert into idempotency_keys (user_id, key, task_id, request, response) values ($1, $2, $3, $4, $5)",
    [message.userId, key, message.taskId, digest(message), JSON.stringify({ runId, pendingId })],
  );
}

function digest({ taskId, content, mode, notes, profile }: PostedMessage): string {
  // As it always was for a message of words alone.
  // What a skill says now is no part of what was asked.
  const { skill: _, ...kept } = notes ?? {};
  const asked = Object.keys(kept).length > 0 ? kept : null;
  const more = asked !== null || profile !== null ? [asked, profile] : [];
  return createHash("sha256")
    .update(JSON.stringify([taskId, mode, content, ...more]))
    .digest("base64");
}

/** How long a key is remembered, hours. */
const keyHours = 24;

/** Forgets old keys, and deleted tasks that every stream has heard of by now. */
export async function forgetOld(database: Database): Promise<void> {
  await database.pool.query(
    `with keys as (delete from idempotency_keys where created_at < now() - make_interval(hours => ${keyHours}))
     delete from deleted_tasks where deleted_at < now() - interval '7 days'`,
  );
}
