import { once } from "node:events";
import { ApiError } from "../../protocol/error.ts";
import { deletePending } from "../store/runs/pending.ts";
import { markCancelling, markTaskCancelling } from "../store/runs/runs.ts";
import type { Starting } from "./start-run.ts";

/**
 * Cancels an active run. Where it is executed here it is stopped while the mark is being written, so that the
 * socket to the model closes a commit sooner; its end waits for the mark, which decides whose cancel it was. A message
 * that only waits to become the run is withdrawn. Throws `run_not_found`, `run_not_active`.
 */
export async function cancelRun(
  { database, worker, feed, changes }: Starting,
  owned: boolean,
  ids: { userId: string; taskId: string; runId: string },
): Promise<void> {
  const marking = markCancelling(database, ids.userId, ids.taskId, ids.runId);
  if (owned) worker.cancel(ids.runId, marking);
  try {
    await marking;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "run_not_found") throw error;
    await deletePending(database, ids.userId, ids.taskId, ids.runId).catch((failure) => {
      throw failure instanceof ApiError ? error : failure;
    });
    feed.drop(ids.runId);
    changes.touch(ids.userId, ids.taskId);
    return;
  }
  await worker.cancelAnywhere(ids.runId);
}

/** Cancels a task's active run and waits for its end up to `waitMs`. Returns the run's id; null if none was active. */
export async function cancelTaskRun(
  { database, worker, feed }: Starting,
  userId: string,
  taskId: string,
  waitMs: number,
): Promise<string | null> {
  const runId = await markTaskCancelling(database, userId, taskId);
  if (runId === null) return null;
  const until = AbortSignal.timeout(waitMs);
  if (worker.cancel(runId)) {
    await Promise.race([worker.finished(runId), once(until, "abort")]);
  } else {
    await worker.cancelAnywhere(runId);
    await feed.untilEnd(runId, until);
  }
  return runId;
}

/** Stops a run for the sake of a message that waits behind it. One that has ended, or is being stopped, is fine. */
export async function interruptRun(
  { database, worker }: Pick<Starting, "database" | "worker">,
  { userId, taskId, runId }: { userId: string; taskId: string; runId: string },
): Promise<void> {
  try {
    await markCancelling(database, userId, taskId, runId);
  } catch (error) {
    if (error instanceof ApiError) return await worker.promote(taskId);
    throw error;
  }
  await worker.cancelAnywhere(runId);
}
