import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import type { PendingMessage } from "../../protocol/message.ts";
import { pendingKey, usePending } from "../state/queries.ts";

/** What this page knows of the messages that wait in a task, which become runs of the same id in turn. */
export interface Waiting {
  /**
   * What the message says that became this run; undefined unless it was the first that waited, as then there may
   * have been a run that this page has not heard of.
   */
  takeFirst: (runId: string) => string | undefined;
  /** A message that waits no more. */
  drop: (pendingId: string) => void;
  /** Nothing before now counts. */
  forget: () => void;
}

/** Remembers the messages that wait for longer than the server: by the time a run is heard of, its message is gone. */
export function useWaiting(taskId: string): Waiting {
  const queries = useQueryClient();
  const pending = usePending(taskId);
  const known = useRef<readonly PendingMessage[]>([]);
  useEffect(() => {
    const ids = new Set(pending.map(({ pending_id }) => pending_id));
    known.current = [...known.current.filter(({ pending_id }) => !ids.has(pending_id)), ...pending];
  }, [pending]);
  return useMemo(() => {
    const drop = (pendingId: string) => {
      const others = (messages: readonly PendingMessage[]) =>
        messages.filter(({ pending_id }) => pending_id !== pendingId);
      known.current = others(known.current);
      const key = pendingKey(taskId);
      queries.setQueryData<readonly PendingMessage[]>(key, (shown) => shown && others(shown));
    };
    return {
      takeFirst: (runId) => {
        const [first] = known.current;
        if (first?.pending_id !== runId) return undefined;
        drop(runId);
        return first.content;
      },
      drop,
      forget: () => {
        known.current = queries.getQueryData<readonly PendingMessage[]>(pendingKey(taskId)) ?? [];
      },
    };
  }, [queries, taskId]);
}
