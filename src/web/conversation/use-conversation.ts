import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import {
  activeRunId,
  addUserMessage,
  applyEvent,
  beginRun,
  type Conversation,
} from "../../client/conversation.ts";
import { followRun } from "../../client/event-stream.ts";
import { loadConversation } from "../../client/stored-conversation.ts";
import { ApiError } from "../../protocol/error.ts";
import type { Task } from "../../protocol/task.ts";
import { client } from "../state/client.ts";
import { refreshTasks, taskKey } from "../state/queries.ts";

/** A task's conversation as it is shown, and what can be done in it. */
export interface LiveConversation {
  /** null until it has been read. */
  conversation: Conversation | null;
  /** Why it could not be read. */
  problem: unknown;
  runId: string | null;
  stopping: boolean;
  /** Whether the connection to the run at work is lost and tried again. */
  lost: boolean;
  reload: () => Promise<void>;
  /** Sends a message and shows it with the run that it starts. Rejects as the client does. */
  send: (text: string) => Promise<void>;
  stop: () => Promise<void>;
}

/**
 * Reads a task's conversation and follows its run, whoever started it: the task is asked for every few
 * seconds, and when it has moved without us the conversation is read again.
 */
export function useConversation(task: Task): LiveConversation {
  const taskId = task.task_id;
  const queries = useQueryClient();
  const [conversation, show, latest] = useFrameState<Conversation | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [lost, setLost] = useState(false);
  const [stopping, setStopping] = useState(false);
  const shownVersion = useRef<string | null>(null);
  const following = useRef(false);
  const runId = conversation && activeRunId(conversation);

  const reload = useCallback(async () => {
    try {
      show(await loadConversation(client, taskId));
      setProblem(null);
    } catch (error) {
      setProblem(error);
    }
  }, [taskId, show]);

  const version = versionOf(task);
  useEffect(() => {
    if (runId !== null || following.current || shownVersion.current === version) return;
    shownVersion.current = version;
    void reload();
  }, [runId, version, reload]);

  useEffect(() => {
    if (runId === null) return;
    const controller = new AbortController();
    const { signal } = controller;
    const follow = async () => {
      const after = latest.current?.run?.lastSeq ?? 0;
      const onConnection = (state: "live" | "lost") => setLost(state === "lost");
      for await (const event of followRun(client, taskId, runId, { after, signal, onConnection })) {
        show((before) => before && applyEvent(before, event));
        if (event.type === "tool_result") void queries.invalidateQueries({ queryKey: ["files"] });
      }
      // What is shown now says more than what is stored: how long each tool took, what the model thought.
      shownVersion.current = await readVersion(queries, taskId);
    };
    // Refused for good: reading the task says whether it is gone or the session over; else the run is another one.
    const recover = async () => {
      if (signal.aborted) return;
      shownVersion.current = await readVersion(queries, taskId);
      await reload();
    };
    following.current = true;
    void follow()
      .catch(recover)
      .finally(() => {
        following.current = false;
        setLost(false);
        setStopping(false);
        void refreshTasks(queries);
        void queries.invalidateQueries({ queryKey: ["files"] });
      });
    return () => controller.abort();
  }, [runId, taskId, queries, reload, show, latest]);

  const send = async (text: string) => {
    const accepted = await client.postMessage({ task_id: taskId }, { content: text });
    show((before) => before && beginRun(addUserMessage(before, text), accepted.run_id));
    void refreshTasks(queries);
  };
  const stop = async () => {
    if (runId === null || stopping) return;
    setStopping(true);
    try {
      await client.cancelRun({ task_id: taskId, run_id: runId });
    } catch (error) {
      // It ended by itself, or another tab was quicker: the stream says so.
      if (error instanceof ApiError && error.code === "run_not_active") return;
      setStopping(false);
      throw error;
    }
  };
  return { conversation, problem, runId, stopping, lost, reload, send, stop };
}

/** What changes whenever somebody does something with the task's conversation. */
function versionOf(task: Task): string {
  return `${task.updated_at} ${task.n_messages}`;
}

async function readVersion(queries: QueryClient, taskId: string): Promise<string | null> {
  await queries.invalidateQueries({ queryKey: taskKey(taskId) });
  const task = queries.getQueryData<Task>(taskKey(taskId));
  return task ? versionOf(task) : null;
}

type Change<Value> = Value | ((before: Value) => Value);

/**
 * A state that may change hundreds of times a second and is drawn once per frame. `latest` always holds
 * the newest value.
 */
function useFrameState<Value>(initial: Value) {
  const [drawn, draw] = useState(initial);
  const latest = useRef(initial);
  const frame = useRef(0);
  const change = useCallback((next: Change<Value>) => {
    latest.current = typeof next === "function" ? (next as (before: Value) => Value)(latest.current) : next;
    // A hidden page has no frames, and nobody who looks; it draws when it is shown again.
    frame.current ||= requestAnimationFrame(() => {
      frame.current = 0;
      draw(latest.current);
    });
  }, []);
  useEffect(
    () => () => {
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    },
    [],
  );
  return [drawn, change, latest] as const;
}
