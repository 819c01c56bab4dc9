import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import type { MessageMode, PendingMessage } from "../../protocol/message.ts";
import { pendingKey, usePending } from "../state/queries.ts";

/** What this page knows of the messages that wait in a task, which become runs of the same id in turn. */
export interface Waiting {
  /**
   * What the message says that became this run; undefined unless it was the first that waited, as then there may
   * have been a run that this page has not heard of.
   */
  takeFirst: (runId: string) => Said | undefined;
  /** A message that this page has sent, which may wait for too short a time to be listed. */
  add: (message: Known, mode: MessageMode) => void;
  /** A message that waits no more. */
  drop: (pendingId: string) => void;
  /** Nothing before now counts. */
  forget: () => void;
}

/** What a message says, and the files that came with it. */
export type Said = Pick<PendingMessage, "content" | "attachments">;
type Known = Said & Pick<PendingMessage, "pending_id">;

/** Remembers the messages that wait for longer than the server: by the time a run is heard of, its message is gone. */
export function useWaiting(taskId: string): Waiting {
  const queries = useQueryClient();
  const pending = usePending(taskId);
  const known = useRef<readonly Known[]>([]);
  useEffect(() => {
    const ids = new Set(pending.map(({ pending_id }) => pending_id));
    known.current = [...known.current.filter(({ pending_id }) => !ids.has(pending_id)), ...pending];
  }, [pending]);
  return useMemo(() => {
    const drop = (pendingId: string) => {
      const isOther = ({ pending_id }: Known) => pending_id !== pendingId;
      known.current = known.current.filter(isOther);
      queries.setQueryData<readonly PendingMessage[]>(pendingKey(taskId), (shown) => shown?.filter(isOther));
    };
    return {
      takeFirst: (runId) => {
        const [first] = known.current;
        if (first?.pending_id !== runId) return undefined;
        drop(runId);
        return first;
      },
      add: (message, mode) => {
        if (known.current.some(({ pending_id }) => pending_id === message.pending_id)) return;
        known.current = mode === "interrupt" ? [message, ...known.current] : [...known.current, message];
      },
      drop,
      forget: () => {
        known.current = queries.getQueryData<readonly PendingMessage[]>(pendingKey(taskId)) ?? [];
      },
    };
  }, [queries, taskId]);
}
