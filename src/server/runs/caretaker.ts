import type { Database } from "../store/database.ts";
import { strandedPending } from "../store/runs/pending.ts";
import { forgetOld } from "../store/runs/post-message.ts";
import { freeOrphans, leasedRuns } from "../store/runs/queue.ts";
import { answerOverdue, resumeAnswered } from "../store/runs/requests.ts";
import { heartbeatMs } from "../store/servers.ts";
import type { EventFeed } from "./event-feed.ts";
import type { Worker } from "./worker.ts";

const hourMs = 3_600_000;

/**
 * Makes up, at every heartbeat, for all that may have been missed: words between servers that were lost, runs of servers
 * that are gone, answers that came in time or too late, messages that wait behind no run.
 */
export class Caretaker {
  readonly #database: Database;
  readonly #serverId: string;
  readonly #feed: EventFeed;
  readonly #worker: Worker;
  /** Runs leased to this server that it knows nothing of, and since when (monotonic milliseconds). */
  #unknown = new Map<string, number>();
  #forgotAt = performance.now();

  constructor(database: Database, serverId: string, feed: EventFeed, worker: Worker) {
    this.#database = database;
    this.#serverId = serverId;
    this.#feed = feed;
    this.#worker = worker;
  }

  async lookAfterRuns(): Promise<void> {
    const worker = this.#worker;
    const leased = await leasedRuns(this.#database, this.#serverId);
    for (const { runId, cancelling, steered } of leased) {
      if (cancelling) worker.cancel(runId);
      if (steered) worker.steer(runId);
    }
    const freed = await freeOrphans(this.#database, this.#serverId, this.#findStrays(leased));
    await answerOverdue(this.#database);
    const resumed = await resumeAnswered(this.#database.pool);
    for (const taskId of await strandedPending(this.#database)) await worker.promote(taskId);
    if (freed + resumed > 0) await worker.tell("queue", "");
    this.#feed.wakeAll();
    await worker.lookIntoQueue();
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
