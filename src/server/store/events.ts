import type { RunStatus } from "../../protocol/run.ts";
import type { LoggedEvent } from "./append.ts";
import type { Database } from "./database.ts";

/** One look at a run's log: its state and up to `limit` events after `after`, of one moment. */
export interface LogPage {
  status: RunStatus;
  events: LoggedEvent[];
}

/**
 * Reads the log of a run; null when there is no such run (any more). The caller has made sure that
 * its user may see the run (`requireRun`).
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
  if (!first) return null;
  return { status: first.status, events: first.seq === null ? [] : rows };
}
