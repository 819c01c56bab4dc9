import { setTimeout as wait } from "node:timers/promises";
import { isActive, type RunStatus } from "../../src/protocol/run.ts";
import type { World } from "./world.ts";

/** Runs that were at work at some moment, and how far their logs had come. */
export type RunsAtWork = Map<string, number>;

/** The runs that somebody works on now, of these servers' processes where given. */
export async function readRunsAtWork(world: World, pid?: number): Promise<RunsAtWork> {
  const { rows } = await world.database.database.pool.query<{ run_id: string; events: number }>(
    `select run_id, (select count(*) from events where events.run_id = runs.run_id)::int as events
     from runs left join servers on server_id = lease_owner
     where status in ('running', 'cancelling') and ($1::int is null or pid = $1)`,
    [pid ?? null],
  );
  return new Map(rows.map(({ run_id, events }) => [run_id, events]));
}

/**
 * Waits until each of the runs has said something more or has ended, and notes how long that took since `since`
 * (performance.now()). What takes longer than `limitMs` is a violation.
 */
export async function timeRecovery(
  world: World,
  runs: RunsAtWork,
  { since, name, limitMs }: { since: number; name: string; limitMs: number },
): Promise<void> {
  const { figures, violate } = world.context;
  const open = new Map(runs);
  while (open.size > 0) {
    const { rows } = await world.database.database.pool.query<{
      run_id: string;
      status: RunStatus;
      events: number;
      owner: string | null;
    }>(
      `select run_id, status, lease_owner as owner, (select count(*) from events where events.run_id = runs.run_id)::int as events
       from runs where run_id = any($1::uuid[])`,
      [[...open.keys()]],
    );
    const took = performance.now() - since;
    for (const { run_id, status, events, owner } of rows) {
      const goesOn = !isActive(status) || events > (open.get(run_id) ?? 0);
      if (goesOn) figures.time(name, took);
      else if (took > limitMs * 2) {
        violate(
          `run ${run_id} does not go on ${took.toFixed(0)} ms after (${name}): ${status}, owner ${owner}`,
        );
      } else continue;
      if (goesOn && took > limitMs)
        violate(`run ${run_id} went on only ${took.toFixed(0)} ms after (${name})`);
      open.delete(run_id);
    }
    if (open.size > 0) await wait(20);
  }
}
