import type { Logger } from "pino";
import type { Database } from "../store/database.ts";
import { isDatabaseAway } from "../store/database-away.ts";
import { appendToRuns, type RunAppend, type Spending } from "../store/runs/append.ts";
import type { EventFeed } from "./event-feed.ts";
import { RunLog } from "./run-log.ts";

/** Milliseconds between flushes for each run at work, and their limit: commits are shared, and yet come soon. */
const gapPerRun = 0.2;
const longestGap = 10;
/** How long an event that need not hurry may wait for company, milliseconds. */
const patience = 25;
const retryDelays = [20, 50, 100, 250, 500, 1_000];
/** How long a closing server waits for a database that is away, milliseconds. */
const closingPatience = 5_000;

/** Says that another server has taken the run over: nothing this server writes of it counts any more. */
export class LeaseLostError extends Error {
  constructor() {
    super("the lease of this run was lost");
    this.name = "LeaseLostError";
  }
}

type Settle = (error?: unknown) => void;
interface Taken {
  log: RunLog;
  append: RunAppend;
  settle: Settle;
}

/**
 * The event log's one flusher in this process: takes what all runs have to say, commits it in one
 * statement, then lets the watchers see it. While the database is away it keeps trying.
 */
export class EventLog {
  /** Whether other servers share the database and must be told of new events. */
  shared = false;
  readonly #database: Database;
  readonly #feed: EventFeed;
  readonly #logger: Logger;
  readonly #open = new Map<RunLog, (reason: Error) => void>();
  readonly #dirty = new Set<RunLog>();
  #flushing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | NodeJS.Immediate | null = null;
  #timerHurries = false;
  #lastFlush = 0;
  #closing: AbortSignal | null = null;

  constructor(database: Database, feed: EventFeed, logger: Logger) {
    this.#database = database;
    this.#feed = feed;
    this.#logger = logger;
  }

  /** Opens the writing end of a leased run's log. `onLost` is told when its writes no longer count. */
  open(
    run: {
      runId: string;
      taskId: string;
      userId: string;
      generation: number;
      nextIdx: number;
      lastSeq: number;
      spent: Spending;
    },
    onLost: (reason: Error) => void,
  ): RunLog {
    const log = new RunLog(run, (dirty, hurry) => this.#request(dirty, hurry));
    this.#open.set(log, onLost);
    this.#feed.openLocal(run, run.lastSeq);
    return log;
  }

  /** To be called when the run has said its last word. */
  close(log: RunLog): void {
    this.#open.delete(log);
    this.#feed.closeLocal(log.runId);
  }

  /** The server closes: what a missing database keeps from being stored will not be waited for much longer. */
  closeSoon(): void {
    this.#closing ??= AbortSignal.timeout(closingPatience);
  }

  #request(log: RunLog, hurry: boolean): void {
    this.#dirty.add(log);
    if (this.#flushing) return;
    if (this.#timer !== null) {
      if (this.#timerHurries || !hurry) return;
      this.#clearTimer();
    }
    this.#timerHurries = hurry;
    const gap = Math.min(longestGap, gapPerRun * this.#open.size);
    const wait = hurry ? this.#lastFlush + gap - performance.now() : patience;
    const flush = () => {
      this.#timer = null;
      this.#flushing = this.#flush().finally(() => {
        this.#flushing = null;
        this.#lastFlush = performance.now();
        const [waiting] = this.#dirty;
        if (waiting) this.#request(waiting, true);
      });
    };
    // A timer cannot be shorter than a millisecond.
    this.#timer = wait < 1 ? setImmediate(flush) : setTimeout(flush, wait);
  }

  #clearTimer(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
    this.#timer = null;
  }

  async #flush(): Promise<void> {
    const taken: Taken[] = [];
    for (const log of this.#dirty) {
      try {
        const pending = log.take();
        if (pending) taken.push({ log, ...pending });
      } catch (error) {
        // It cannot even be written as JSON. The others must not suffer for it, least of all this flusher.
        this.#logger.error({ error, runId: log.runId }, "events could not be encoded");
        this.#lose({ log, settle: (reason) => log.giveUp(reason) }, error as Error);
      }
    }
    this.#dirty.clear();
    if (taken.length > 0) await this.#commit(taken);
  }

  async #commit(taken: Taken[]): Promise<void> {
    let owned: Map<string, number>;
    try {
      owned = await this.#append(taken.map(({ append }) => append));
    } catch (error) {
      // Something that one run said cannot be stored: the others must not suffer for it.
      if (taken.length > 1 && !isDatabaseAway(error)) {
        for (const one of taken) await this.#commit([one]);
        return;
      }
      for (const one of taken) {
        this.#logger.error({ error, runId: one.append.runId }, "events could not be stored");
        this.#lose(one, error as Error);
      }
      return;
    }
    for (const one of taken) {
      const pending = owned.get(one.append.runId);
      if (pending === undefined) this.#lose(one, new LeaseLostError());
      else {
        one.log.pending = pending;
        this.#feed.publish(one.append.runId, one.append.events);
        one.settle();
      }
    }
  }

  /** Repeats while the database is away: the statement may be repeated whatever became of its first try. */
  async #append(appends: RunAppend[]): Promise<Map<string, number>> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await appendToRuns(this.#database, appends, this.shared, attempt);
      } catch (error) {
        if (!isDatabaseAway(error) || this.#closing?.aborted) throw error;
        const wait = retryDelays[Math.min(attempt, retryDelays.length - 1)] ?? 1_000;
        this.#logger.warn({ error, wait }, "the database is away; events wait");
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  #lose({ log, settle }: Omit<Taken, "append">, reason: Error): void {
    const onLost = this.#open.get(log);
    settle(reason);
    onLost?.(reason);
  }
}
