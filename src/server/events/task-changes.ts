import type { Logger } from "pino";
import type { Database } from "../store/database.ts";
import { publish } from "../store/notifications.ts";
import {
  readActiveTaskStates,
  readNow,
  readTaskStates,
  readTaskStatesSince,
  type TaskState,
} from "../store/task-states.ts";
import type { Watcher } from "./event-feed.ts";

/** Changes close together are told as one, milliseconds. */
const gatherMs = 30;
/** Words that could not be said are said again after this time, milliseconds. */
const retellMs = 1_000;
/** A change may be committed this much later than its time says, microseconds: what is read again is told again. */
const overlap = 10_000_000;

/** Streams of tasks that look at once whether they have missed something. */
const wokenAtOnce = 50;

interface Channel {
  userId: string;
  watchers: Set<Watcher>;
  /** Tasks that have changed and not been told of. */
  changed: Set<string>;
  /** The cursor behind what was told last, microseconds. */
  cursor: number;
  telling: boolean;
}

/** Who watches one task. */
export interface TaskWatcher {
  /** Something may have become of it. */
  onChange(): void;
  /** The server closes. */
  onClose(): void;
}

/**
 * Who wants to know when something becomes of a task: the streams of users, which are told the state it is in,
 * and whoever watches one task. Words only wake; states are read from the database.
 */
export class TaskChanges {
  /** Whether other servers share the database and must be told. */
  shared = false;
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #channels = new Map<string, Channel>();
  readonly #taskWatchers = new Map<string, Set<TaskWatcher>>();
  readonly #untold = new Set<string>();
  #wakingAll: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(database: Database, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
  }

  /** Something has become of a task, here. */
  touch(userId: string, taskId: string): void {
    this.#wake(userId, taskId);
    if (!this.shared) return;
    this.#untold.add(`${userId} ${taskId}`);
    this.#timer ??= setTimeout(() => void this.#tellServers(), gatherMs);
  }

  /** Another server says that something has become of a task. */
  wake(subject: string): void {
    const [userId = "", taskId = ""] = subject.split(" ");
    this.#wake(userId, taskId);
  }

  /**
   * Words of other servers may have been lost: looks at everything, little by little, as others want the database
   * too.
   */
  wakeAll(): void {
    this.#wakingAll ??= this.#wakeEach().finally(() => {
      this.#wakingAll = null;
    });
  }

  async #wakeEach(): Promise<void> {
    for (const channel of [...this.#channels.values()]) {
      await this.#tell(channel, () =>
        readTaskStatesSince(this.#database, channel.userId, channel.cursor - overlap),
      );
    }
    for (const [index, watcher] of this.#allTaskWatchers().entries()) {
      watcher.onChange();
      if (index % wokenAtOnce === 0) await new Promise((resolve) => setTimeout(resolve, gatherMs));
    }
  }

  /** Returns what stops it. */
  watchTask(taskId: string, watcher: TaskWatcher): () => void {
    const watchers = this.#taskWatchers.get(taskId) ?? new Set();
    this.#taskWatchers.set(taskId, watchers.add(watcher));
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.#taskWatchers.get(taskId) === watchers)
        this.#taskWatchers.delete(taskId);
    };
  }

  /**
   * Streams the changes of a user's tasks, those since cursor `after` first; without one the states of tasks with an
   * active run. Returns what stops it.
   */
  follow(userId: string, after: number | undefined, watcher: Watcher): () => void {
    const channel = this.#channels.get(userId) ?? {
      userId,
      watchers: new Set(),
      changed: new Set(),
      cursor: 0,
      telling: false,
    };
    this.#channels.set(userId, channel);
    channel.watchers.add(watcher);
    const stop = () => {
      channel.watchers.delete(watcher);
      if (channel.watchers.size === 0 && this.#channels.get(userId) === channel)
        this.#channels.delete(userId);
    };
    // What changes from here on is told to it like to the others; a state that is told twice does no harm.
    this.#catchUp(channel, after, watcher).catch(() => {
      stop();
      watcher.end();
    });
    return stop;
  }

  /** Ends every stream: the server closes. */
  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.shared = false;
    for (const channel of this.#channels.values()) for (const watcher of channel.watchers) watcher.end();
    this.#channels.clear();
    for (const watcher of this.#allTaskWatchers()) watcher.onClose();
  }

  #allTaskWatchers(): TaskWatcher[] {
    return [...this.#taskWatchers.values()].flatMap((watchers) => [...watchers]);
  }

  #wake(userId: string, taskId: string): void {
    for (const watcher of this.#taskWatchers.get(taskId) ?? []) watcher.onChange();
    const channel = this.#channels.get(userId);
    if (!channel) return;
    channel.changed.add(taskId);
    if (channel.telling) return;
    channel.telling = true;
    setTimeout(() => {
      const tasks = [...channel.changed];
      channel.changed.clear();
      channel.telling = false;
      void this.#tell(channel, () => readTaskStates(this.#database, userId, tasks));
    }, gatherMs);
  }

  async #tell(channel: Channel, read: () => Promise<TaskState[]>): Promise<void> {
    try {
      const states = await read();
      channel.cursor = Math.max(channel.cursor, ...states.map(({ at }) => at));
      if (states.length === 0) return;
      const bytes = Buffer.concat(states.map((state) => encode(state, channel.cursor)));
      for (const watcher of channel.watchers) watcher.write(bytes, []);
    } catch {
      // The database is away: who watches comes back for what was missed.
      for (const watcher of channel.watchers) watcher.end();
      channel.watchers.clear();
    }
  }

  async #catchUp(channel: Channel, given: number | undefined, watcher: Watcher): Promise<void> {
    const now = await readNow(this.#database);
    // A cursor of the future would keep all that comes before it from being told.
    const after = given === undefined ? undefined : Math.min(given, now);
    channel.cursor = Math.max(channel.cursor, now);
    watcher.write(encode({ type: "ready", data: "{}" }, after ?? now), []);
    // Who has no cursor knows the tasks from a list, which does not tell of runs.
    const states =
      after === undefined
        ? await readActiveTaskStates(this.#database, channel.userId)
        : await readTaskStatesSince(this.#database, channel.userId, after - overlap);
    for (const state of states) watcher.write(encode(state, Math.max(after ?? now, state.at)), []);
  }

  async #tellServers(): Promise<void> {
    this.#timer = null;
    const subjects = [...this.#untold];
    this.#untold.clear();
    try {
      await publish(this.#database, "task", subjects);
    } catch (error) {
      // Nobody makes up for these words: they are said later.
      this.#logger.warn({ error }, "the other servers could not be told yet");
      for (const subject of subjects) this.#untold.add(subject);
      this.#timer ??= setTimeout(() => void this.#tellServers(), retellMs).unref();
    }
  }
}

function encode({ type, data }: Pick<TaskState, "type" | "data">, cursor: number): Buffer {
  return Buffer.from(`id: ${cursor}\nevent: ${type}\ndata: ${data}\n\n`);
}
