import { uptime } from "node:os";
import type { Logger } from "pino";
import { LeaseLostError } from "../events/event-log.ts";
import type { Database } from "../store/database.ts";
import { isDatabaseAway } from "../store/database-away.ts";
import { isLeased } from "../store/runs/queue.ts";
import type { LeasedRun } from "../store/runs/runs.ts";
import {
  heartbeatMs,
  leaseSeconds,
  removeDeadServers,
  renewServer,
  type ServerIdentity,
} from "../store/servers.ts";
import { Membership } from "./membership.ts";

/** This server counts its lease as over a little before the others do, milliseconds: killing takes its time. */
const margin = 1_000;
/** Between two attempts to learn whether a lease still holds, milliseconds. */
const retryMs = 100;

/** Milliseconds that go on while this process, or the machine, is asleep, and that nobody sets. */
function steadyNow(): number {
  return uptime() * 1000;
}

export interface HeartbeatOptions {
  identity: ServerIdentity;
  database: Database;
  logger: Logger;
  /** Told how long the lease holds from now, milliseconds, each time it has been renewed. */
  onRenewed: (milliseconds: number) => void;
  /** Told each time whether other servers live, and whether they may have taken this one for dead. */
  onPeers: (shared: boolean, wasAway: boolean) => void;
  /**
   * Begun at each beat, once the dead are known. Never rejects. It may take its time: the next beat does not wait
   * for it.
   */
  lookAfter: () => Promise<void>;
}

/** Renews this server's lease, and strikes off servers that have let theirs run out. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #membership: Membership;
  /** Until when the lease holds for certain (`steadyNow`). */
  #leaseUntil = 0;
  /** How often the lease had run out when it was renewed. */
  #lapses = 0;
  #timer: NodeJS.Timeout | null = null;
  #beating: Promise<void> | null = null;
  #stopped = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#membership = new Membership(options.identity.realm);
  }

  /** Registers the server. Rejects where that fails; later beats are tried again and again. */
  async start(): Promise<void> {
    await this.beat();
    this.#timer = setInterval(() => this.beat().catch(() => {}), heartbeatMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearInterval(this.#timer);
    await this.#beating?.catch(() => {});
  }

  /** What a run's lease is confirmed by as long as it does not change. */
  get lapses(): number {
    return this.#lapses;
  }

  /** Beats after the beat under way, which may not have seen what the caller has heard of. */
  async beatAgain(): Promise<void> {
    await this.#beating?.catch(() => {});
    await this.beat();
  }

  /** Beats now, or joins in with the beat under way: a database that hangs must not gather them. */
  beat(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#beating ??= this.#beatOnce().finally(() => {
      this.#beating = null;
    });
    return this.#beating;
  }

  /**
   * Resolves at once while the lease has held, by this server's own clock, ever since there were `lapses` of it: else
   * it may have been frozen, and asks. Gives the lapses that the run is confirmed for now. Rejects with a
   * `LeaseLostError` where the run has become another server's.
   */
  async confirm(
    { runId, generation }: Pick<LeasedRun, "runId" | "generation">,
    lapses: number,
    signal: AbortSignal,
  ): Promise<number> {
    if (lapses === this.#lapses && steadyNow() < this.#leaseUntil) return lapses;
    for (;;) {
      try {
        await this.beat();
        const confirmed = this.#lapses;
        if (!(await isLeased(this.#options.database, runId, generation))) throw new LeaseLostError();
        return confirmed;
      } catch (error) {
        if (!isDatabaseAway(error) || signal.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  async #beatOnce(): Promise<void> {
    const { database, identity, logger, onRenewed, onPeers, lookAfter } = this.#options;
    try {
      const sentAt = steadyNow();
      const { peers, isNew } = await renewServer(database, identity);
      if (isNew || sentAt > this.#leaseUntil) this.#lapses += 1;
      this.#leaseUntil = sentAt + leaseSeconds * 1000 - margin;
      onRenewed(this.#leaseUntil - steadyNow());
      const dead = this.#membership.findDead(peers, steadyNow());
      await removeDeadServers(database, dead);
      for (const { serverId } of dead)
        logger.warn({ serverId }, "a server is gone; its runs go on elsewhere");
      onPeers(peers.length > dead.length, isNew);
      void lookAfter();
    } catch (error) {
      logger.warn({ error }, "the heartbeat failed");
      throw error;
    }
  }
}
