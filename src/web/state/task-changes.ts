import { type InfiniteData, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { followChanges } from "../../client/event-stream.ts";
import type { Task, TaskChange, TaskPage } from "../../protocol/task.ts";
import { client } from "./client.ts";
import { setNewestRun } from "./newest-run.ts";
import { pendingKey, type TaskFilter, taskKey } from "./queries.ts";
import { useSeen } from "./seen.ts";

type Moved = Extract<TaskChange, { type: "task" }>;

/** After a refusal that asking again at once would not change, ms. */
const pauseAfterRefusalMs = 30_000;
/** Lists whose order has changed are read again at most this often, ms. */
const listPauseMs = 1_000;

/** Keeps everything shown of tasks in step with the server, by its stream of changes, while the page is seen. */
export function useTaskChanges(): void {
  const queries = useQueryClient();
  const seen = useSeen();
  const cursor = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (!seen) return;
    const lists = readListsAgain(queries);
    const controller = new AbortController();
    const { signal } = controller;
    const follow = async () => {
      const after = cursor.current;
      for await (const each of followChanges(client, { signal, ...(after && { after }) })) {
        cursor.current = each.cursor;
        if (applyChange(queries, each.event)) lists.ask();
      }
    };
    const followForEver = async () => {
      while (!signal.aborted) {
        await follow().catch(() => {});
        if (signal.aborted) return;
        // Signed out, or a cursor that means nothing any more: what is asked for anew tells which.
        cursor.current = undefined;
        await refreshAll(queries);
        await pause(pauseAfterRefusalMs, signal);
      }
    };
    void followForEver();
    return () => {
      controller.abort();
      lists.stop();
    };
  }, [queries, seen]);
}

/** Puts a change into what is kept; true where lists of tasks have to be read again. */
function applyChange(queries: QueryClient, change: TaskChange): boolean {
  switch (change.type) {
    case "ready":
      void refreshAll(queries);
      return false;
    case "task_deleted":
      void queries.invalidateQueries({ queryKey: taskKey(change.task_id) });
      return true;
    case "task": {
      const { task_id: taskId, run, n_pending } = change;
      setNewestRun(queries, taskId, run);
      const known = queries.getQueryData<unknown[]>(pendingKey(taskId))?.length ?? 0;
      if (n_pending > 0 || known > 0) void queries.invalidateQueries({ queryKey: pendingKey(taskId) });
      queries.setQueryData<Task>(taskKey(taskId), (task) => task && withChange(task, change));
      return changeLists(queries, change);
    }
    default:
      // What a newer server may say.
      return false;
  }
}

function changeLists(queries: QueryClient, change: Moved): boolean {
  let stale = false;
  for (const [key, pages] of queries.getQueriesData<InfiniteData<TaskPage>>({ queryKey: ["tasks"] })) {
    const { q, status } = key[1] as TaskFilter;
    const first = pages?.pages[0]?.results[0];
    const before = pages?.pages
      .flatMap((page) => page.results)
      .find((task) => task.task_id === change.task_id);
    stale ||= first?.task_id !== change.task_id || !before;
    stale ||= (q !== "" && before?.name !== change.name) || (status !== "all" && status !== change.status);
    if (before)
      queries.setQueryData<InfiniteData<TaskPage>>(key, (data) => data && changePages(data, change));
  }
  return stale;
}

function changePages(data: InfiniteData<TaskPage>, change: Moved): InfiniteData<TaskPage> {
  const pages = data.pages.map((page) => ({
    ...page,
    results: page.results.map((task) => (task.task_id === change.task_id ? withChange(task, change) : task)),
  }));
  return { ...data, pages };
}

function withChange(task: Task, { name, status, updated_at, n_messages }: Moved): Task {
  return { ...task, name, status, updated_at, n_messages };
}

async function refreshAll(queries: QueryClient): Promise<void> {
  const keys = ["tasks", "task", "newest run", "pending"];
  await queries.invalidateQueries({ predicate: ({ queryKey }) => keys.includes(String(queryKey[0])) });
}

/** Reads the lists again soon after it is asked to, once for many times. */
function readListsAgain(queries: QueryClient) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    ask: () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void queries.invalidateQueries({ queryKey: ["tasks"] });
      }, listPauseMs);
    },
    stop: () => clearTimeout(timer),
  };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
