import type { Logger } from "pino";
import type { EventFeed } from "../events/event-feed.ts";
import type { EventLog } from "../events/event-log.ts";
import type { Database } from "../store/database.ts";
import { publish } from "../store/notifications.ts";
import { claimRuns, logQueuePositions, readWaiting } from "../store/runs/queue.ts";
import type { LeasedRun } from "../store/runs/runs.ts";

/** Runs that are taken from the queue at once. */
const claimSize = 8;

export interface ClaimsOptions {
  serverId: string;
  database: Database;
  eventLog: EventLog;
  feed: EventFeed;
  logger: Logger;
  /** Runs of one user at work at a time, on all servers together. */
  maxUserRuns: number;
  /** How many runs may be taken now. */
  room: () => number;
  take: (run: LeasedRun) => void;
  /** Nothing is under way any more. */
  onIdle: () => void;
}

/** Takes runs from the queue, and tells those that must wait how far they have come. */
export class Claims {
  readonly #options: ClaimsOptions;
  #claiming: Promise<void> | null = null;
  #again = false;
  #telling: Promise<void> | null = null;
  #stopped = false;
  /** Runs wait, as far as this server knows; each end of a run may let one in. */
  anyWaiting = false;
  /** And some that only lack a place: then new ones go behind them. */
  anyClaimable = false;

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  /** Runs may be on their way here: their lease is committed, its answer not read yet. */
  get underWay(): boolean {
    return this.#claiming !== null;
  }

  /** Looks into the queue, now or once more after the look under way. */
  nudge(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#claiming ??= this.#claim().finally(() => {
      this.#claiming = null;
      if (this.#again) this.nudge();
      else this.#options.onIdle();
    });
  }

  /** Takes no more; resolves when what was on its way has been taken. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#claiming;
  }

  /** Tells the runs that wait how far they have come; one at a time is enough. Never rejects. */
  tellPositions(): Promise<void> {
    this.#telling ??= this.#tellMoved().finally(() => {
      this.#telling = null;
    });
    return this.#telling;
  }

  /** Never rejects. */
  async #claim(): Promise<void> {
    const { database, logger, serverId, maxUserRuns, room, take } = this.#options;
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        const limit = Math.max(0, Math.min(claimSize, room()));
        const runs = await claimRuns(database, serverId, limit, maxUserRuns);
        for (const run of runs) take(run);
        const isFull = limit > 0 && runs.length >= limit;
        const left = isFull ? { any: true, claimable: true } : await readWaiting(database, maxUserRuns);
        this.anyWaiting = left.any;
        this.anyClaimable = left.claimable;
        if (left.claimable && limit > 0) this.#again = true;
      }
      if (this.anyWaiting && !this.#stopped) void this.tellPositions();
    } catch (error) {
      this.#again = false;
      logger.warn({ error }, "the queue could not be read");
    }
  }

  async #tellMoved(): Promise<void> {
    const { database, eventLog, feed, logger } = this.#options;
    try {
      const moved = await logQueuePositions(database);
      for (const runId of moved) feed.wake(runId);
      if (eventLog.shared && moved.length > 0) await publish(database, "run", [moved.join(" ")]);
    } catch (error) {
      logger.warn({ error }, "the queue's positions could not be told");
    }
  }
}
