import type { Database } from "../store/database.ts";
import { readNextRun } from "../store/runs/events.ts";
import type { EventFeed, Frame, Watcher } from "./event-feed.ts";
import type { TaskChanges } from "./task-changes.ts";

/** Where a task's stream stands: the run by its ordinal among the task's, and the last event of it. */
interface Cursor {
  ordinal: number;
  seq: number;
}

/** Reads a cursor that a client brings back; null where it is none. */
export function parseCursor(text: string): Cursor | null {
  const [, ordinal, seq] = /^(\d{1,9})-(\d{1,9})$/.exec(text.trim()) ?? [];
  return ordinal === undefined ? null : { ordinal: Number(ordinal), seq: Number(seq) };
}

/**
 * Streams the events of all runs of a task, one run after the other and those to come, from behind a cursor; each with its
 * `run_id`. Returns what stops it.
 */
export function followTask(
  parts: { database: Database; feed: EventFeed; changes: TaskChanges },
  taskId: string,
  from: Cursor | null,
  watcher: Watcher,
): () => void {
  const stopped = new AbortController();
  let cursor = from ?? { ordinal: 0, seq: 0 };
  let wake = () => {};
  let woken = false;
  const stopWatching = parts.changes.watchTask(taskId, () => {
    woken = true;
    wake();
  });
  const isStopped = () => stopped.signal.aborted;
  const follow = async () => {
    while (!isStopped()) {
      woken = false;
      const run = await readNextRun(parts.database, taskId, cursor.ordinal, cursor.seq);
      if (isStopped()) return;
      if (run === "gone") return watcher.end();
      if (run) {
        const after = run.ordinal === cursor.ordinal ? cursor.seq : 0;
        const ended = await followOne(parts.feed, run, after, watcher, stopped.signal, (seq) => {
          cursor = { ordinal: run.ordinal, seq };
        });
        if (!ended) return watcher.end();
        cursor = { ordinal: run.ordinal + 1, seq: 0 };
      } else if (!woken) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          stopped.signal.addEventListener("abort", () => resolve(), { once: true });
        });
      }
    }
  };
  follow()
    // The database is away: the stream ends, and its reader comes back.
    .catch(() => watcher.end())
    .finally(stopWatching);
  return () => stopped.abort();
}

/** Resolves to whether the run's last event was seen: else it, or the server, is gone. */
function followOne(
  feed: EventFeed,
  run: { runId: string; ordinal: number },
  after: number,
  watcher: Watcher,
  signal: AbortSignal,
  onSeen: (seq: number) => void,
): Promise<boolean> {
  return new Promise((resolve) => {
    let ended = false;
    const stop = feed.follow(run.runId, after, {
      write(_bytes, frames) {
        for (const frame of frames) {
          watcher.write(Buffer.from(encode(frame, run)), []);
          onSeen(frame.seq);
          ended ||= frame.last;
        }
      },
      ready: () => watcher.ready(),
      end: () => resolve(ended),
    });
    signal.addEventListener(
      "abort",
      () => {
        stop();
        resolve(false);
      },
      { once: true },
    );
  });
}

function encode({ seq, event: { type, data } }: Frame, run: { runId: string; ordinal: number }): string {
  const more = data === "{}" ? "" : `,${data.slice(1, -1)}`;
  // The run's beginning says so itself.
  const told = type === "run_start" ? data : `{"run_id":"${run.runId}"${more}}`;
  return `id: ${run.ordinal}-${seq}\nevent: ${type}\ndata: ${told}\n\n`;
}
