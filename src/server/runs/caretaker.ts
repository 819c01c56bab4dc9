import type { Logger } from "pino";
import type { EventFeed } from "../events/event-feed.ts";
import type { Database } from "../store/database.ts";
import { strandedPending } from "../store/runs/pending.ts";
import { forgetOld } from "../store/runs/post-message.ts";
import { freeOrphans, interruptIdle, leasedRuns } from "../store/runs/queue.ts";
import { answerOverdue, resumeAnswered } from "../store/runs/requests.ts";
import { stopSuspended } from "../store/runs/suspended.ts";
import { heartbeatMs } from "../store/servers.ts";
import type { Worker } from "./worker.ts";

const hourMs = 3_600_000;

/**
 * Makes up, at every heartbeat, for all that may have been missed: words between servers that were lost, runs of
 * servers that are gone, answers that came in time or too late, messages that wait behind no run.
 */
export class Caretaker {
  readonly #database: Database;
  readonly #serverId: string;
  readonly #feed: EventFeed;
  readonly #worker: Worker;
  readonly #logger: Logger;
  #round: Promise<void> | null = null;
  /** Runs leased to this server that it knows nothing of, and since when (monotonic milliseconds). */
  #unknown = new Map<string, number>();
  #forgotAt = performance.now();

  constructor(
    { database, logger, feed }: { database: Database; logger: Logger; feed: EventFeed },
    serverId: string,
    worker: Worker,
  ) {
    this.#database = database;
    this.#logger = logger;
    this.#serverId = serverId;
    this.#feed = feed;
    this.#worker = worker;
  }

  /** Never rejects. One round at a time: a database that hangs must not gather them. */
  lookAfterRuns(): Promise<void> {
    this.#round ??= this.#makeRound().finally(() => {
      this.#round = null;
    });
    return this.#round;
  }

  /** Resolves when the round under way is done. */
  async stop(): Promise<void> {
    await this.#round;
  }

  async #makeRound(): Promise<void> {
    const duties: [name: string, duty: () => Promise<unknown>][] = [
      ["runs of this server", () => this.#lookAfterOwn()],
      ["runs of suspended users", () => this.stopSuspended()],
      ["overdue answers", () => answerOverdue(this.#database)],
      ["runs to go on with", () => this.#freeRuns()],
      ["messages behind no run", () => this.#promoteStranded()],
      ["the queue", () => this.#worker.lookIntoQueue()],
      ["what is old", () => this.#forget()],
    ];
    this.#feed.wakeAll();
    for (const [name, duty] of duties) {
      // One that fails must not keep the others from being done.
      await duty().catch((error) => this.#logger.warn({ error, duty: name }, "a duty could not be done"));
    }
  }

  /** Does what words of other servers should have made this one do, and frees what it has lost sight of. */
  async #lookAfterOwn(): Promise<void> {
    const leased = await leasedRuns(this.#database, this.#serverId);
    for (const { runId, cancelling, steered } of leased) {
      if (cancelling) this.#worker.cancel(runId);
      if (steered) this.#worker.steer(runId);
    }
    const freed = await freeOrphans(this.#database, this.#serverId, this.#findStrays(leased));
    if (freed > 0) await this.#worker.tell("queue", "");
  }

  /** Also those that were begun by requests which were let in just before. */
  async stopSuspended(): Promise<void> {
    for (const runId of await stopSuspended(this.#database)) {
      this.#feed.wake(runId);
      await this.#worker.cancelAnywhere(runId);
    }
  }

  async #freeRuns(): Promise<void> {
    const resumed = await resumeAnswered(this.#database.pool);
    const stopped = await interruptIdle(this.#database);
    if (resumed + stopped > 0) await this.#worker.tell("queue", "");
  }

  async #promoteStranded(): Promise<void> {
    for (const taskId of await strandedPending(this.#database)) {
      await this.#worker.promote(taskId, { patient: false }).catch((error) => {
        this.#logger.warn({ error, taskId }, "a message that waits could not be made a run of");
      });
    }
  }

  async #forget(): Promise<void> {
    if (performance.now() - this.#forgotAt < hourMs) return;
    this.#forgotAt = performance.now();
    await forgetOld(this.#database);
  }

  /**
   * Runs that are leased to this server and that it has known nothing of for a while: the answer that gave it
   * the lease was lost, or their log could not be stored. Nobody else would ever go on with them.
   */
  #findStrays(leased: { runId: string }[]): string[] {
    const now = performance.now();
    const unknown = leased.filter(({ runId }) => !this.#worker.isAtWork(runId));
    this.#unknown = new Map(unknown.map(({ runId }) => [runId, this.#unknown.get(runId) ?? now]));
    return [...this.#unknown].filter(([, since]) => now - since >= heartbeatMs / 2).map(([runId]) => runId);
  }
}
