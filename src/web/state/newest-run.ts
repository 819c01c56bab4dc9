import { type QueryClient, useQuery } from "@tanstack/react-query";
import type { RunStatus } from "../../protocol/run.ts";
import { client } from "./client.ts";

/** A task's newest run; null if there has been none. */
export type NewestRun = { run_id: string; status: RunStatus } | null;

const keyOf = (taskId: string) => ["newest run", taskId] as const;

/**
 * A task's newest run as the stream of changes tells it; undefined until it does. `ask`: also asks for it, now and
 * again in case the stream is lost. A list of tasks does not ask for each of them.
 */
export function useNewestRun(taskId: string, { ask }: { ask: boolean }): NewestRun | undefined {
  return useQuery<NewestRun>({
    queryKey: keyOf(taskId),
    queryFn: async ({ signal }) => {
      const { results } = await client.listRuns({ task_id: taskId }, { page: 1, page_size: 1 }, { signal });
      return results[0] ?? null;
    },
    enabled: ask,
    refetchInterval: 30_000,
    gcTime: Number.POSITIVE_INFINITY,
  }).data;
}

/** Keeps what has been told of a task's newest run. */
export function setNewestRun(queries: QueryClient, taskId: string, run: NewestRun): void {
  queries.setQueryData<NewestRun>(keyOf(taskId), run);
}

/** Keeps that a run has been begun here, unless more has been told of it by now. */
export function noteBegunRun(queries: QueryClient, taskId: string, runId: string): void {
  queries.setQueryData<NewestRun>(keyOf(taskId), (known) =>
    known?.run_id === runId ? known : { run_id: runId, status: "queued" },
  );
}
