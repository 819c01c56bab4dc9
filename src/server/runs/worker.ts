import type { Logger } from "pino";
import type { Database } from "../store/database.ts";
import { type Notice, publish } from "../store/notifications.ts";
import { claimOrphans, claimRuns, type LeasedRun, leasedRuns } from "../store/runs.ts";
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
  readonly #recovering = new Set<string>();
  /** Runs leased to this server that it knows nothing of, and since when (monotonic milliseconds). */
  #unknown = new Map<string, number>();
  #heartbeat: NodeJS.Timeout | null = null;
  #claiming = false;
  #claimed: Promise<void> | null = null;
  #claimAgain = false;
  /** More may wait in the queue than there was room for. */
  #full = false;
  #stopping = false;

  constructor(options: WorkerOptions) {
    this.serverId = options.serverId;
    this.#options = options;
  }

  /** Registers this server and begins to work. */
  async start(): Promise<void> {
    await this.#beat();
    await this.tell("server", this.serverId);
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
    if (this.#full) this.nudge();
  }

  /** What `accept` may be handed with a run of this user, begun before the run is stored. */
  readAhead(userId: string): Promise<string | undefined> {
    return this.#options.readAhead(userId);
  }

  accept(run: StartedRun): void {
    this.#reserved -= 1;
    this.#execute(run);
  }

  /** A run waits in the queue: whoever has room may take it. */
  async announce(): Promise<void> {
    this.nudge();
    await this.tell("queue", "");
  }

  /** Tells the other servers. Never rejects: what a lost word was about is found by their next heartbeat. */
  async tell(notice: Notice, subject: string): Promise<void> {
    await publish(this.#options.database, notice, subject).catch((error) => {
      this.#options.logger.warn({ error, notice }, "the other servers could not be told");
    });
  }

  /** Looks into the queue, now or as soon as there is room. */
  nudge(): void {
    this.#claimAgain = true;
    if (!this.#claiming) this.#claimed = this.#claim();
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
    this.#options.eventLog.closeSoon();
    await this.#claimed;
    // What was on its way from the queue is among them now.
    while (this.#done.size > 0) await Promise.all(this.#done);
  }

  #execute(run: StartedRun): void {
    const controller = new AbortController();
    if (run.status === "cancelling") controller.abort({ why: "cancelled" } satisfies Stop);
    if (this.#stopping) controller.abort({ why: "shutdown" } satisfies Stop);
    this.#active.set(run.runId, controller);
    const done = this.#options.execute(run, controller.signal).finally(() => {
      this.#active.delete(run.runId);
      this.#done.delete(done);
      if (this.#full) this.nudge();
    });
    this.#done.add(done);
  }

  /** Never rejects. */
  async #claim(): Promise<void> {
    const { database, logger, maxRuns } = this.#options;
    if (maxRuns === 0) return;
    this.#claiming = true;
    try {
      while (this.#claimAgain && !this.#stopping) {
        this.#claimAgain = false;
        const limit = Math.max(0, Math.min(claimSize, maxRuns - this.#active.size - this.#reserved));
        const runs = await claimRuns(database, this.serverId, limit);
        for (const run of runs) this.#execute(run);
        this.#full = runs.length >= limit;
        if (limit > 0 && this.#full) this.#claimAgain = true;
      }
    } catch (error) {
      logger.warn({ error }, "the queue could not be read");
    } finally {
      // In the same breath as the last look at `#claimAgain`: a nudge in between would be lost.
      this.#claiming = false;
    }
  }

  /** Renews the lease, and makes up for every word that may have been lost meanwhile. */
  async #beat(): Promise<void> {
    if (this.#stopping) return;
    const { database, eventLog, feed, logger } = this.#options;
    try {
      eventLog.shared = (await renewServer(database, this.serverId)) > 1;
      const leased = await leasedRuns(database, this.serverId);
      for (const { runId, cancelling } of leased) if (cancelling) this.cancel(runId);
      if (this.#options.maxRuns > 0) await this.#recoverOrphans(this.#findStrays(leased));
      feed.wakeAll();
      this.nudge();
    } catch (error) {
      logger.warn({ error }, "this server's lease could not be renewed");
      throw error;
    }
  }

  /**
   * Runs that are leased to this server and that it has known nothing of for a while: the answer that gave it
   * the lease was lost, or their log could not be stored. Nobody else would ever end them.
   */
  #findStrays(leased: { runId: string }[]): string[] {
    const now = performance.now();
    const unknown = leased.filter(({ runId }) => !this.#active.has(runId) && !this.#recovering.has(runId));
    this.#unknown = new Map(unknown.map(({ runId }) => [runId, this.#unknown.get(runId) ?? now]));
    return [...this.#unknown].filter(([, since]) => now - since >= heartbeatMs / 2).map(([runId]) => runId);
  }

  async #recoverOrphans(strays: string[]): Promise<void> {
    for (let found = claimSize; found === claimSize; ) {
      const runs = await claimOrphans(
        this.#options.database,
        this.serverId,
        claimSize,
        strays.splice(0, claimSize),
      );
      found = runs.length;
      await Promise.all(runs.map((run) => this.#recover(run)));
    }
  }

  /** Never rejects: a run that cannot be ended must keep neither the others waiting nor the server from starting. */
  async #recover(run: LeasedRun): Promise<void> {
    this.#recovering.add(run.runId);
    try {
      await this.#options.recover(run);
    } catch (error) {
      this.#options.logger.error(
        { error, runId: run.runId },
        "a run that nobody works on could not be ended",
      );
    } finally {
      this.#recovering.delete(run.runId);
    }
  }
}
