import type { Logger } from "pino";
import type { Database } from "../store/database.ts";
import { publish } from "../store/notifications.ts";
import { cancellingRuns, claimOrphans, claimRuns, type LeasedRun } from "../store/runs.ts";
import { renewServer } from "../store/servers.ts";
import type { EventFeed } from "./event-feed.ts";
import type { EventLog } from "./event-log.ts";

/** Runs that are taken from the queue at once. */
const claimSize = 8;
const heartbeatMs = 3_000;

/** Why a run was stopped: a person asked for it, or the server goes. */
export interface Stop {
  why: "cancelled" | "shutdown";
  /** Settles when the cancel has been written; the run's end must not overtake it. */
  marked?: Promise<unknown>;
}

/** A leased run with what was read ahead for it. */
export interface StartedRun extends LeasedRun {
  memory?: Promise<string | undefined>;
}

export interface WorkerOptions {
  serverId: string;
  database: Database;
  eventLog: EventLog;
  feed: EventFeed;
  logger: Logger;
  maxRuns: number;
  /** Never rejects; the signal's reason is a `Stop`. */
  execute: (run: StartedRun, signal: AbortSignal) => Promise<void>;
  /** Reads what a user's run will need; never rejects. */
  readAhead: (userId: string) => Promise<string | undefined>;
  /** Ends a run whose server is gone. */
  recover: (run: LeasedRun) => Promise<void>;
}

/** Executes runs: those accepted here, those waiting in the queue, and what dead servers have left. */
export class Worker {
  readonly serverId: string;
  readonly #options: WorkerOptions;
  readonly #active = new Map<string, AbortController>();
  readonly #done = new Set<Promise<void>>();
  #reserved = 0;
  #heartbeat: NodeJS.Timeout | null = null;
  #claiming = false;
  #claimAgain = false;
  #stopping = false;

  constructor(options: WorkerOptions) {
    this.serverId = options.serverId;
    this.#options = options;
  }

  /** Registers this server and begins to work. */
  async start(): Promise<void> {
    await this.#beat();
    await publish(this.#options.database, "server", this.serverId);
    this.#heartbeat = setInterval(() => void this.#beat().catch(() => {}), heartbeatMs);
  }

  /** Takes a place for a run about to be made; false if there is none. To be followed by `accept` or `release`. */
  reserve(): boolean {
    if (this.#stopping || this.#active.size + this.#reserved >= this.#options.maxRuns) return false;
    this.#reserved += 1;
    return true;
  }

  release(): void {
    this.#reserved -= 1;
  }

  /** What `accept` may be handed with a run of this user, begun before the run is stored. */
  readAhead(userId: string): Promise<string | undefined> {
    return this.#options.readAhead(userId);
  }

  accept(run: StartedRun): void {
    this.release();
    this.#execute(run);
  }

  /** A run waits in the queue: whoever has room may take it. */
  async announce(): Promise<void> {
    this.nudge();
    await publish(this.#options.database, "queue", "");
  }

  /** Looks into the queue, now or as soon as there is room. */
  nudge(): void {
    this.#claimAgain = true;
    if (this.#claiming) return;
    this.#claiming = true;
    void this.#claim()
      .catch((error) => this.#options.logger.warn({ error }, "the queue could not be read"))
      .finally(() => {
        this.#claiming = false;
      });
  }

  /** Another server has come, or words of others may have been lost: looks at everything once. */
  lookAround(): void {
    void this.#beat().catch(() => {});
  }

  /** Stops a run that is executed here; says whether it is. */
  cancel(runId: string, marking?: Promise<unknown>): boolean {
    const controller = this.#active.get(runId);
    controller?.abort({ why: "cancelled", marked: marking?.catch(() => {}) } satisfies Stop);
    return controller !== undefined;
  }

  /** Resolves when the run is no longer executed here. */
  async finished(runId: string): Promise<void> {
    while (this.#active.has(runId)) await Promise.race(this.#done);
  }

  /** Asks nothing more of the queue, stops every run and waits for their last words. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#heartbeat) clearInterval(this.#heartbeat);
    for (const controller of this.#active.values()) controller.abort({ why: "shutdown" } satisfies Stop);
    await Promise.all(this.#done);
  }

  #execute(run: StartedRun): void {
    const controller = new AbortController();
    if (run.status === "cancelling") controller.abort({ why: "cancelled" } satisfies Stop);
    if (this.#stopping) controller.abort({ why: "shutdown" } satisfies Stop);
    this.#active.set(run.runId, controller);
    const done = this.#options.execute(run, controller.signal).finally(() => {
      this.#active.delete(run.runId);
      this.#done.delete(done);
      if (this.#claimAgain) this.nudge();
    });
    this.#done.add(done);
  }

  async #claim(): Promise<void> {
    while (this.#claimAgain && !this.#stopping) {
      const room = this.#options.maxRuns - this.#active.size - this.#reserved;
      if (room <= 0) return;
      this.#claimAgain = false;
      const limit = Math.min(claimSize, room);
      const runs = await claimRuns(this.#options.database, this.serverId, limit);
      for (const run of runs) this.#execute(run);
      if (runs.length === limit) this.#claimAgain = true;
    }
  }

  /** Renews the lease, and makes up for every word that may have been lost meanwhile. */
  async #beat(): Promise<void> {
    if (this.#stopping) return;
    const { database, eventLog, feed, logger } = this.#options;
    try {
      eventLog.shared = (await renewServer(database, this.serverId)) > 1;
      for (const runId of await cancellingRuns(database, this.serverId)) this.cancel(runId);
      if (this.#options.maxRuns > 0) await this.#recoverOrphans();
      feed.wakeAll();
      this.nudge();
    } catch (error) {
      logger.warn({ error }, "this server's lease could not be renewed");
      throw error;
    }
  }

  async #recoverOrphans(): Promise<void> {
    const { database, logger, recover } = this.#options;
    for (let found = claimSize; found === claimSize; ) {
      const runs = await claimOrphans(database, this.serverId, claimSize);
      found = runs.length;
      // One that cannot be recovered must keep neither the others waiting nor the server from starting.
      const failed = (runId: string) => (error: unknown) =>
        logger.error({ error, runId }, "a run of a dead server could not be ended");
      await Promise.all(runs.map((run) => recover(run).catch(failed(run.runId))));
    }
  }
}
