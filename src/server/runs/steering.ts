import type { Database } from "../store/database.ts";
import { isDatabaseAway } from "../store/database-away.ts";
import { type SteeringMessage, takeSteering } from "../store/runs/pending.ts";
import type { LeasedRun } from "../store/runs/runs.ts";

/**
 * Brings in the messages that want to enter a run, each once. The database is asked only when one is known to wait:
 * `wasSteered` says so, or the run's own row, or `isResumed`, as whoever had the run before may have been told of some.
 */
export function createSteering(
  database: Database,
  run: LeasedRun,
  { isResumed, wasSteered }: { isResumed: boolean; wasSteered: () => boolean },
): () => Promise<SteeringMessage[]> {
  let isDue = isResumed || run.nPending > 0;
  // Their rows stay until the flush that stores them.
  const taken = new Set<string>();
  return async () => {
    isDue = wasSteered() || isDue;
    if (!isDue) return [];
    try {
      const messages = await takeSteering(database, run);
      isDue = false;
      const fresh = messages.filter(({ pendingId }) => !taken.has(pendingId));
      for (const { pendingId } of fresh) taken.add(pendingId);
      return fresh;
    } catch (error) {
      // While the database is away they wait a step longer.
      if (isDatabaseAway(error)) return [];
      throw error;
    }
  };
}
