import type { Database } from "../store/database.ts";
import { type NextRun, readNextRun } from "../store/runs/events.ts";
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

interface Parts {
  database: Database;
  feed: EventFeed;
  changes: TaskChanges;
}

/**
 * Streams the events of all runs of a task, one run after the other and those to come, from behind a cursor; each
 * with its `run_id`. Returns what stops it.
 */
export function followTask(parts: Parts, taskId: string, from: Cursor | null, watcher: Watcher): () => void {
  const stream = new TaskStream(parts, taskId, from ?? { ordinal: 0, seq: 0 }, watcher);
  stream.follow();
  return () => stream.stop();
}

class TaskStream {
  readonly #parts: Parts;
  readonly #taskId: string;
  readonly #watcher: Watcher;
  #cursor: Cursor;
  #stopped = false;
  /** Something may have become of the task since it was looked at. */
  #woken = false;
  /** Ends what is being waited for. */
  #release = () => {};

  constructor(parts: Parts, taskId: string, cursor: Cursor, watcher: Watcher) {
    this.#parts = parts;
    this.#taskId = taskId;
    this.#cursor = cursor;
    this.#watcher = watcher;
  }

  follow(): void {
    const unwatch = this.#parts.changes.watchTask(this.#taskId, {
      onChange: () => {
        this.#woken = true;
        this.#release();
      },
      onClose: () => this.stop(),
    });
    this.#followRuns()
      // Where the database is away the stream ends, and its reader comes back.
      .catch(() => {})
      .finally(() => {
        unwatch();
        this.#watcher.end();
      });
  }

  stop(): void {
    this.#stopped = true;
    this.#release();
  }

  async #followRuns(): Promise<void> {
    while (!this.#stopped) {
      this.#woken = false;
      const { ordinal, seq } = this.#cursor;
      const run = await readNextRun(this.#parts.database, this.#taskId, ordinal, seq);
      if (run === "gone" || this.#stopped) return;
      if (run === null) await this.#wait();
      else if (await this.#followRun(run)) this.#cursor = { ordinal: run.ordinal + 1, seq: 0 };
      else return;
    }
  }

  async #wait(): Promise<void> {
    if (this.#woken) return;
    await new Promise<void>((resolve) => {
      this.#release = resolve;
    });
  }

  /** Resolves to whether the run's last event was seen: else it, or the server, or the reader is gone. */
  async #followRun(run: NextRun): Promise<boolean> {
    let ended = false;
    const { promise, resolve } = Promise.withResolvers<void>();
    const after = run.ordinal === this.#cursor.ordinal ? this.#cursor.seq : 0;
    const stop = this.#parts.feed.follow(run.runId, after, {
      write: (_bytes, frames) => {
        for (const frame of frames) {
          this.#watcher.write(Buffer.from(encode(frame, run)), []);
          ended ||= frame.last;
        }
      },
      ready: () => this.#watcher.ready(),
      end: resolve,
    });
    // What becomes of the task is told by its run for now.
    this.#release = () => {
      if (this.#stopped) resolve();
    };
    await promise;
    stop();
    return ended;
  }
}

function encode({ seq, bytes }: Frame, run: NextRun): string {
  const [, event = "", dataLine = ""] = bytes.toString().split("\n");
  const data = dataLine.slice("data: ".length);
  const more = data === "{}" ? "" : `,${data.slice(1, -1)}`;
  // The run's beginning says so itself.
  const told = event === "event: run_start" ? data : `{"run_id":"${run.runId}"${more}}`;
  return `id: ${run.ordinal}-${seq}\n${event}\ndata: ${told}\n\n`;
}
