import type { Database } from "../store/database.ts";
import { markCancelling, markTaskCancelling } from "../store/runs.ts";
import type { Worker } from "./worker.ts";

/**
 * Cancels an active run. Where it is executed here it is stopped while the mark is being written, so that the
 * socket to the model closes a commit sooner; its end waits for the mark, which decides whose cancel it was.
 * Throws `run_not_found`, `run_not_active`.
 */
export async function cancelRun(
  database: Database,
  worker: Worker,
  owned: boolean,
  ids: { userId: string; taskId: string; runId: string },
): Promise<void> {
  const marking = markCancelling(database, ids.userId, ids.taskId, ids.runId);
  if (owned) worker.cancel(ids.runId, marking);
  await marking;
  if (!worker.cancel(ids.runId)) await tellOthers(worker, ids.runId);
}

/** Cancels a task's active run and waits for its end up to `waitMs`. Returns the run's id; null if none was active. */
export async function cancelTaskRun(
  database: Database,
  worker: Worker,
  userId: string,
  taskId: string,
  waitMs: number,
): Promise<string | null> {
  const runId = await markTaskCancelling(database, userId, taskId);
  if (runId === null) return null;
  if (!worker.cancel(runId)) await tellOthers(worker, runId);
  const tooLong = new Promise<void>((resolve) => setTimeout(resolve, waitMs).unref());
  await Promise.race([worker.finished(runId), tooLong]);
  return runId;
}

async function tellOthers(worker: Worker, runId: string): Promise<void> {
  await worker.tell("cancel", runId);
  // It may be a run that nobody has taken yet.
  worker.nudge();
}
