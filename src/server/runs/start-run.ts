import { randomUUIDv7 } from "../ids.ts";
import type { Database } from "../store/database.ts";
import { insertRun } from "../store/runs.ts";
import type { Worker } from "./worker.ts";

/**
 * Stores a message and starts a run on it. Where this process has room it takes the lease in the same
 * transaction, which saves the claim; else the run waits in the queue. Throws `task_not_found`, `run_active`.
 */
export async function startRun(
  database: Database,
  worker: Worker,
  userId: string,
  taskId: string,
  content: string,
): Promise<string> {
  const runId = randomUUIDv7();
  const reserved = worker.reserve();
  const memory = reserved ? worker.readAhead(userId) : undefined;
  try {
    const run = await insertRun(database, userId, taskId, runId, content, reserved ? worker.serverId : null);
    if (memory) worker.accept({ ...run, memory });
    else await worker.announce();
    return runId;
  } catch (error) {
    if (reserved) worker.release();
    throw error;
  }
}
