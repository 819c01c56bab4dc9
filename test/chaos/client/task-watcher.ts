import { setTimeout as wait } from "node:timers/promises";
import { endsRun } from "../../../src/protocol/event.ts";
import type { History, StreamRecord } from "./history.ts";
import type { Person } from "./person.ts";
import { takeFrames } from "./watcher.ts";

/** Somebody who follows all runs of a task over one stream. */
export interface TaskWatcher {
  /** Resolves when the ends of these runs have been seen, or the patience is used up; says whether they were. */
  finish(runIds: string[], patienceMs: number): Promise<boolean>;
}

/**
 * Follows a task from its beginning, however often the connection breaks; drops it itself as `cutAfter` says, in
 * bytes.
 */
export function watchTask(
  person: Person,
  taskId: string,
  history: History,
  cutAfter: () => number | undefined = () => undefined,
): TaskWatcher {
  const record: StreamRecord = { taskId, frames: [], connections: 0 };
  history.streams.push(record);
  const stopping = new AbortController();
  const ended = new Set<string>();
  let heard = () => {};
  const onFrame = (raw: string) => {
    const match = /^id: (\S+)\nevent: ([a-z_]+)\ndata: (\{[^\r\n]*\})\n\n$/.exec(raw);
    if (!match) {
      if (!/^(:|retry: )/.test(raw))
        history.faults.push(`no frame of a task's stream: ${JSON.stringify(raw)}`);
      return;
    }
    const [, id = "", event = "", data = ""] = match;
    record.frames.push({ id, event, data });
    if (endsRun(event)) {
      ended.add((JSON.parse(data) as { run_id: string }).run_id);
      heard();
    }
  };
  const reading = (async () => {
    while (!stopping.signal.aborted) {
      record.connections += 1;
      await readStream(person, record, history, stopping.signal, cutAfter(), onFrame).catch(() => {});
      if (!stopping.signal.aborted) await wait(30);
    }
  })();
  return {
    async finish(runIds, patienceMs) {
      const deadline = performance.now() + patienceMs;
      const isDone = () => runIds.every((runId) => ended.has(runId));
      while (!isDone() && performance.now() < deadline) {
        const { promise, resolve } = Promise.withResolvers<void>();
        heard = resolve;
        await Promise.race([promise, wait(100)]);
      }
      stopping.abort();
      await reading;
      return isDone();
    },
  };
}

async function readStream(
  person: Person,
  { taskId, frames, connections }: StreamRecord,
  history: History,
  stopping: AbortSignal,
  limit: number | undefined,
  onFrame: (raw: string) => void,
): Promise<void> {
  const last = frames.at(-1)?.id;
  // Both ways to say where one stands, in turn.
  const byHeader = connections % 2 === 0;
  const after = last !== undefined && !byHeader ? `?after=${encodeURIComponent(last)}` : "";
  const headers: Record<string, string> = last !== undefined && byHeader ? { "Last-Event-ID": last } : {};
  const dropping = new AbortController();
  const signal = AbortSignal.any([stopping, dropping.signal]);
  const response = await person.fetch(`/v1/tasks/${taskId}/events${after}`, { headers, signal });
  if (response.status !== 200 || !response.body) {
    if (response.status !== 503)
      history.faults.push(`the stream of task ${taskId} was answered ${response.status}`);
    await response.body?.cancel();
    return;
  }
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let bytes = 0;
  let text = "";
  for await (const chunk of response.body) {
    const taken = limit === undefined ? chunk : chunk.subarray(0, Math.max(0, limit - bytes));
    bytes += taken.length;
    text = takeFrames(text + decoder.decode(taken, { stream: true }), onFrame);
    if (taken.length < chunk.length) return dropping.abort();
  }
}
