import { useQueryClient } from "@tanstack/react-query";
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
import type { MessageMode } from "../../protocol/message.ts";
import type { AnswerCreate } from "../../protocol/request.ts";
import { type Said, useWaiting } from "../pending/waiting.ts";
import { client } from "../state/client.ts";
import { useFrameState } from "../state/frame-state.ts";
import { createOnceKeys } from "../state/idempotency.ts";
import { noteBegunRun, useNewestRun } from "../state/newest-run.ts";
import { pendingKey, refreshTasks, taskKey } from "../state/queries.ts";
import { useSeen } from "../state/seen.ts";
import { noticeSignedOut } from "../state/session.ts";

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
  /** Sends a message: it starts a run, or waits behind the active one. Rejects as the client does. */
  send: (message: Outgoing, mode: MessageMode) => Promise<void>;
  stop: () => Promise<void>;
  /** Runs the message of the newest run again. */
  retry: () => Promise<void>;
  /** Answers what the run at work waits for. */
  answer: (answer: AnswerCreate) => Promise<void>;
  /** Takes back a message that waits. */
  withdraw: (pendingId: string) => Promise<void>;
}

/** A message that is to be sent, with the paths of its files; `modelProfile`: for its run alone. */
export interface Outgoing {
  text: string;
  attachments?: readonly string[];
  modelProfile?: string | null;
}

/** Reads a task's conversation and follows its runs one after the other, whoever starts them. */
export function useConversation(taskId: string): LiveConversation {
  const queries = useQueryClient();
  const [conversation, show, latest] = useFrameState<Conversation | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [lost, setLost] = useState(false);
  const [stopping, setStopping] = useState(false);
  const newest = useNewestRun(taskId, { ask: true });
  const runId = conversation && activeRunId(conversation);
  const loaded = conversation !== null;
  /** The runs that were taken notice of, and what those began with that this page has started. */
  const noticed = useRef(new Set<string>());
  const sent = useRef(new Map<string, Said>());
  const waiting = useWaiting(taskId);
  const posting = useRef<Promise<unknown>>(Promise.resolve());
  const reads = useRef(0);

  const reload = useCallback(async () => {
    reads.current += 1;
    const number = reads.current;
    try {
      const read = await loadConversation(client, taskId);
      if (number !== reads.current) return;
      if (read.run) noticed.current.add(read.run.runId);
      waiting.forget();
      show(read);
      setProblem(null);
    } catch (error) {
      noticeSignedOut(queries, error);
      if (number === reads.current) setProblem(error);
    }
  }, [taskId, show, waiting, queries]);
  useEffect(() => void reload(), [reload]);

  // Two runs of a task never overlap: the newest one has its turn when what is shown of the last one is complete.
  const newestId = newest?.run_id ?? null;
  useEffect(() => {
    if (!loaded || runId !== null || newestId === null || noticed.current.has(newestId)) return;
    noticed.current.add(newestId);
    const begin = async () => {
      // A run can be heard of before the answer to the message that began it.
      await posting.current;
      const said = sent.current.get(newestId) ?? waiting.takeFirst(newestId);
      // What is shown says more than what is stored: how long each tool took, what the model thought.
      if (said === undefined) return reload();
      const { content, attachments } = said;
      show((before) => before && beginRun(addUserMessage(before, content, attachments), newestId));
    };
    void begin();
  }, [loaded, runId, newestId, reload, show, waiting]);

  const seen = useSeen();
  useEffect(() => {
    if (runId === null || !seen) return;
    const controller = new AbortController();
    const { signal } = controller;
    const follow = async () => {
      const after = latest.current?.run?.lastSeq ?? 0;
      const onConnection = (state: "live" | "lost") => setLost(state === "lost");
      for await (const event of followRun(client, taskId, runId, { after, signal, onConnection })) {
        show((before) => before && applyEvent(before, event));
        if (event.type === "steered") waiting.drop(event.pending_id);
        if (event.type === "tool_result") void queries.invalidateQueries({ queryKey: ["files"] });
      }
    };
    const settle = () => {
      setLost(false);
      if (signal.aborted) return;
      setStopping(false);
      for (const queryKey of [["tasks"], taskKey(taskId), pendingKey(taskId), ["files"]])
        void queries.invalidateQueries({ queryKey });
    };
    void follow()
      // Refused for good: what is asked for anew says whether the task is gone, the session over, or the run another.
      .catch(() => (signal.aborted ? undefined : reload()))
      .finally(settle);
    return () => controller.abort();
  }, [runId, seen, taskId, queries, reload, show, latest, waiting]);

  const [once] = useState(createOnceKeys<MessageMode>);
  const post = async ({ text, attachments = [], modelProfile = null }: Outgoing, wanted: MessageMode) => {
    const said = { content: text, attachments: [...attachments] };
    const body = { ...said, model_profile: modelProfile };
    // Whoever sends again because no answer came does not mean to say it twice.
    const { key, how: mode } = once.attempt(JSON.stringify(body), wanted);
    const headers = { "Idempotency-Key": key };
    const accepted = await client.postMessage({ task_id: taskId }, { ...body, mode }, { headers });
    once.arrived();
    if (accepted.pending_id !== undefined) {
      waiting.add({ pending_id: accepted.pending_id, ...said }, mode);
      return void queries.invalidateQueries({ queryKey: pendingKey(taskId) });
    }
    sent.current.set(accepted.run_id, said);
    noteBegunRun(queries, taskId, accepted.run_id);
    void refreshTasks(queries);
  };
  const send = async (message: Outgoing, mode: MessageMode) => {
    const posted = post(message, mode);
    posting.current = posted.catch(() => {});
    await posted;
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
  const retry = async () => {
    const ended = latest.current?.run?.runId;
    if (ended === undefined) return;
    const { run_id } = await client.retryRun({ task_id: taskId, run_id: ended });
    noteBegunRun(queries, taskId, run_id);
    void refreshTasks(queries);
  };
  const answer = async (given: AnswerCreate) => {
    if (runId !== null) await client.answerRun({ task_id: taskId, run_id: runId }, given);
  };
  const withdraw = async (pendingId: string) => {
    try {
      await client.deletePending({ task_id: taskId, pending_id: pendingId });
      waiting.drop(pendingId);
    } finally {
      await queries.invalidateQueries({ queryKey: pendingKey(taskId) });
    }
  };
  return { conversation, problem, runId, stopping, lost, reload, send, stop, retry, answer, withdraw };
}
