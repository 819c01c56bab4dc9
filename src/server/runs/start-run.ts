import type { Logger } from "pino";
import { ApiError } from "../../protocol/error.ts";
import type { MessageMode, MessageNotes } from "../../protocol/message.ts";
import type { RunAccepted } from "../../protocol/run.ts";
import type { EventFeed } from "../events/event-feed.ts";
import type { TaskChanges } from "../events/task-changes.ts";
import { randomUUIDv7 } from "../ids.ts";
import type { Database } from "../store/database.ts";
import { type PostedOutcome, postMessage, retryRun } from "../store/runs/post-message.ts";
import { insertRun } from "../store/runs/runs.ts";
import { interruptRun } from "./cancel-run.ts";
import type { Worker } from "./worker.ts";

/** What starting a run takes. */
export interface Starting {
  database: Database;
  worker: Worker;
  feed: EventFeed;
  changes: TaskChanges;
  logger: Logger;
}

/** A message as a person posts it. */
export interface NewMessage {
  userId: string;
  taskId: string;
  content: string;
  /** What is kept of it beside its words. */
  notes: MessageNotes | null;
  /** Null: the task's. */
  profile: string | null;
  mode: MessageMode;
  idempotencyKey: string | undefined;
}

/**
 * Stores a message and starts a run on it, or has it wait behind the active run as its mode says. Throws
 * `task_not_found`, `run_active`, `pending_full`, `idempotency_key_reused`.
 */
export async function startRun(starting: Starting, message: NewMessage): Promise<RunAccepted> {
  const { userId, taskId, mode, idempotencyKey } = message;
  if (idempotencyKey === undefined) {
    try {
      return accepted(taskId, await startAtOnce(starting, message));
    } catch (error) {
      if (mode === "reject" || !(error instanceof ApiError && error.code === "run_active")) throw error;
    }
  }
  const runId = randomUUIDv7();
  const outcome = await postMessage(starting.database, { ...message, runId });
  starting.changes.touch(userId, taskId);
  if (!outcome.repeated) {
    // The message is stored: what cannot be done about it now the next heartbeat will see to.
    await follow(starting, message, outcome).catch((error) => {
      starting.logger.warn({ error, taskId }, "a stored message could not be followed up");
    });
  }
  return accepted(taskId, outcome.runId, outcome.pendingId);
}

/** Runs the message of an earlier run again. Throws `run_not_found`, `run_active`. */
export async function startAgain(
  { database, worker, changes }: Starting,
  ids: { userId: string; taskId: string; runId: string },
): Promise<RunAccepted> {
  const newRunId = randomUUIDv7();
  await retryRun(database, { ...ids, newRunId });
  changes.touch(ids.userId, ids.taskId);
  await worker.announce();
  return accepted(ids.taskId, newRunId);
}

/**
 * Where this process has room it takes the lease in the same transaction, which saves the claim; else the run waits in
 * the queue.
 */
async function startAtOnce({ database, worker, changes }: Starting, message: NewMessage): Promise<string> {
  const { userId, taskId } = message;
  const runId = randomUUIDv7();
  const offer = worker.reserve(userId);
  const ahead = offer ? worker.readAhead(userId) : undefined;
  try {
    const run = await insertRun(database, { ...message, runId }, offer);
    if (ahead && run.status === "running") {
      worker.accept({ ...run, ahead });
      return runId;
    }
  } catch (error) {
    if (offer) worker.release();
    throw error;
  }
  if (offer) worker.release();
  changes.touch(userId, taskId);
  // The others were told with the commit.
  worker.nudge();
  return runId;
}

/** Tells those whom a stored message concerns. */
async function follow(
  starting: Starting,
  { userId, taskId, mode }: NewMessage,
  { runId, pendingId, interrupts }: PostedOutcome,
): Promise<void> {
  const { worker } = starting;
  if (pendingId === undefined) await worker.announce();
  // Also where the active run has ended meanwhile: whoever ended it may not have seen this message.
  else if (interrupts === undefined && runId === pendingId) await worker.promote(taskId);
  if (mode === "steer" && runId !== pendingId) await worker.steerAnywhere(runId);
  if (interrupts !== undefined) await interruptRun(starting, { userId, taskId, runId: interrupts });
}

function accepted(taskId: string, runId: string, pendingId?: string): RunAccepted {
  const events_url = `/v1/tasks/${taskId}/runs/${runId}/events`;
  return { run_id: runId, events_url, ...(pendingId !== undefined && { pending_id: pendingId }) };
}
