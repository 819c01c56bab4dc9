import {
  keepPreviousData,
  type QueryClient,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import type { PendingMessage } from "../../protocol/message.ts";
import type { Task, TaskPatch, TaskStatus } from "../../protocol/task.ts";
import { client } from "./client.ts";

/** Which tasks are listed. */
export interface TaskFilter {
  q: string;
  status: TaskStatus | "all";
}

const pageSize = 30;

/** The tasks that fit `filter`, the most recently used first, a page at a time. */
export function useTasks(filter: TaskFilter) {
  return useInfiniteQuery({
    queryKey: ["tasks", filter],
    queryFn: ({ pageParam, signal }) =>
      client.listTasks(
        {
          page: pageParam,
          page_size: pageSize,
          ordering: "-updated_at",
          ...(filter.q ? { q: filter.q } : {}),
          ...(filter.status === "all" ? {} : { status: filter.status }),
        },
        { signal },
      ),
    initialPageParam: 1,
    getNextPageParam: (last) => (last.page * last.page_size < last.count ? last.page + 1 : undefined),
    placeholderData: keepPreviousData,
    // The stream of changes tells what moves; this is for when it does not.
    refetchInterval: 60_000,
  });
}

/** What a task is kept under. */
export function taskKey(taskId: string) {
  return ["task", taskId] as const;
}

/** A task; kept in step by the stream of changes, and asked for again now and then in case that is lost. */
export function useTask(taskId: string) {
  return useQuery({
    queryKey: taskKey(taskId),
    queryFn: ({ signal }) => client.getTask({ task_id: taskId }, { signal }),
    refetchInterval: 30_000,
    staleTime: 0,
  });
}

/** What the messages that wait in a task are kept under. */
export function pendingKey(taskId: string) {
  return ["pending", taskId] as const;
}

/** The messages that wait behind a task's active run, in the order they come. */
export function usePending(taskId: string): readonly PendingMessage[] {
  const { data } = useQuery({
    queryKey: pendingKey(taskId),
    queryFn: async ({ signal }) => (await client.listPending({ task_id: taskId }, { signal })).pending,
    refetchInterval: 30_000,
  });
  return data ?? nothingPending;
}

const nothingPending: readonly PendingMessage[] = [];

/** What can be done to tasks; each keeps what is shown in step. */
export function useTaskActions() {
  const queries = useQueryClient();
  return {
    update: async (taskId: string, patch: TaskPatch): Promise<Task> => {
      const task = await client.updateTask({ task_id: taskId }, patch);
      queries.setQueryData(taskKey(taskId), task);
      await refreshTasks(queries);
      return task;
    },
    remove: async (taskId: string): Promise<void> => {
      await client.deleteTask({ task_id: taskId });
      queries.removeQueries({ queryKey: taskKey(taskId) });
      await refreshTasks(queries);
    },
  };
}

/** Reads the lists of tasks again. */
export function refreshTasks(queries: QueryClient): Promise<void> {
  return queries.invalidateQueries({ queryKey: ["tasks"] });
}

/** Own working directories, for completion. */
export function useFolders() {
  return useQuery({
    queryKey: ["folders"],
    queryFn: ({ signal }) => client.listFolders({ signal }),
    select: (answer) => answer.folders,
  });
}

/** The skills that a task can be given. */
export function useSkills() {
  return useQuery({
    queryKey: ["skills"],
    queryFn: ({ signal }) => client.listSkills({ signal }),
    select: (answer) => answer.skills,
    staleTime: 60_000,
  });
}

/** The model profiles that a task can be given. */
export function useModels() {
  return useQuery({
    queryKey: ["models"],
    queryFn: ({ signal }) => client.listModels({ signal }),
    staleTime: 60_000,
  });
}

/** The server's health, every minute. */
export function useHealth() {
  return useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => client.health({ signal }),
    refetchInterval: 60_000,
    staleTime: 60_000,
  });
}
