import type { Logger } from "pino";
import type { EventFeed } from "../events/event-feed.ts";
import type { EventLog } from "../events/event-log.ts";
import type { TaskChanges } from "../events/task-changes.ts";
import type { Database } from "../store/database.ts";
import { type Notice, publish } from "../store/notifications.ts";
import { promotePending } from "../store/runs/pending.ts";
import type { LeasedRun, LeaseOffer } from "../store/runs/runs.ts";
import type { ServerIdentity } from "../store/servers.ts";
import { Caretaker } from "./caretaker.ts";
import { Claims } from "./claims.ts";
import type { ReadAhead } from "./gather-setting.ts";
import { Heartbeat } from "./heartbeat.ts";

/** Why a run was stopped: a person asked for it, or the server goes and has no more time. */
export interface Stop {
  why: "cancelled" | "shutdown";
  /** Settles when the cancel has been written; the run's end must not overtake it. */
  marked?: Promise<unknown>;
}

/** What reaches a run from outside while it is at work. */
export interface RunControl {
  /** Aborted with a `Stop`: the run ends, or is handed over, at once. */
  stop: AbortSignal;
  /** Aborted when the server goes: the run is handed over at its next step. */
  leave: AbortSignal;
  /** Whether messages may have come that want to enter the run; asked once for each word of them. */
  wasSteered(): boolean;
  /**
   * To be asked right before an effect. Resolves at once while this server's lease holds by its own clock: else it
   * may have been frozen, and asks. Rejects with a `LeaseLostError` where the run is another server's.
   */
  confirmLease(): Promise<void>;
}

/** A leased run with what was read ahead for it. */
export interface StartedRun extends LeasedRun {
  ahead?: Promise<ReadAhead | undefined>;
}

export interface WorkerOptions {
  identity: ServerIdentity;
  database: Database;
  eventLog: EventLog;
  feed: EventFeed;
  changes: TaskChanges;
  logger: Logger;
  /** Runs at work at a time; 0: none are ever taken. */
  maxRuns: number;
  /** Of one user, on all servers together. */
  maxUserRuns: number;
  /** How long runs may take to reach their next step when the server goes, milliseconds. */
  drainMs: number;
  /** Told how long the lease holds from now, milliseconds, each time it has been renewed. */
  onRenewed: (milliseconds: number) => void;
  /** Never rejects. */
  execute: (run: StartedRun, control: RunControl) => Promise<Afterwards>;
  /** Reads what a user's run will need; never rejects. */
  readAhead: (userId: string) => Promise<ReadAhead | undefined>;
}

/** What is to be done once a run is let go of. */
export interface Afterwards {
  /** Messages wait behind it, and it is over. */
  pending: boolean;
  /** It can be gone on with, by whoever takes it. */
  claimable: boolean;
}

interface ActiveRun {
  userId: string;
  stop: AbortController;
  leave: AbortController;
  steered: boolean;
  /** Settles when the server has let go of it. */
  done: Promise<void>;
}

/**
 * Executes runs: those accepted here, those waiting in the queue, and what other servers have let go of. Its
 * heartbeat renews this server's lease and makes up for every word between servers that may have been lost.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #heartbeat: Heartbeat;
  readonly #caretaker: Caretaker;
  readonly #claims: Claims;
  readonly #active = new Map<string, ActiveRun>();
  readonly #done = new Set<Promise<void>>();
  #reserved = 0;
  /** Words for runs that may be on their way here: their lease is committed, its answer not read yet. */
  readonly #early = { cancels: new Set<string>(), steers: new Set<string>() };
  #stopping = false;
  /** This server has been registered before, and was not at its last beat. */
  #isKnown = false;
  #hasBeenAway = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    const { identity, eventLog, changes } = options;
    this.#claims = new Claims({
      ...options,
      serverId: identity.serverId,
      room: () => options.maxRuns - this.#active.size - this.#reserved,
      take: (run) => this.#execute(run),
      onIdle: () => this.#forgetEarly(),
    });
    this.#caretaker = new Caretaker(options, identity.serverId, this);
    this.#heartbeat = new Heartbeat({
      ...options,
      onPeers: (shared, wasAway) => {
        eventLog.shared = shared;
        changes.shared = shared;
        this.#catchUpWithOthers(wasAway);
      },
      lookAfter: () => this.#caretaker.lookAfterRuns(),
    });
  }

  /** Registers this server and begins to work. */
  async start(): Promise<void> {
    await this.#heartbeat.start();
    await this.#caretaker.lookAfterRuns();
    await this.tell("server", this.#serverId);
  }

  /**
   * Others that had struck this server off send it no words before they see it again, which takes them a beat: what
   * they have said until then is looked for now, and once more after that.
   */
  #catchUpWithOthers(wasAway: boolean): void {
    if (wasAway || this.#hasBeenAway) this.#options.changes.wakeAll();
    if (wasAway && this.#isKnown) void this.tell("server", this.#serverId);
    this.#hasBeenAway = wasAway;
    this.#isKnown = true;
  }

  /** Takes a place for a run about to be made; null if there is none. To be followed by `accept` or `release`. */
  reserve(userId: string): LeaseOffer | null {
    const { maxRuns, maxUserRuns, eventLog } = this.#options;
    if (this.#stopping || this.#claims.anyClaimable) return null;
    if (this.#active.size + this.#reserved >= maxRuns) return null;
    this.#reserved += 1;
    // Alone, this server has all runs of the user; those being made right now are counted as theirs.
    const known = eventLog.shared ? Number.POSITIVE_INFINITY : this.#countRuns(userId) + this.#reserved;
    return { serverId: this.#serverId, userLimit: known <= maxUserRuns ? null : maxUserRuns };
  }

  #countRuns(userId: string): number {
    let count = 0;
    for (const run of this.#active.values()) if (run.userId === userId) count += 1;
    return count;
  }

  release(): void {
    this.#reserved -= 1;
    this.#forgetEarly();
    if (this.#claims.anyWaiting) this.nudge();
  }

  /** What `accept` may be handed with a run of this user, begun before the run is stored. */
  readAhead(userId: string): Promise<ReadAhead | undefined> {
    return this.#options.readAhead(userId);
  }

  accept(run: StartedRun): void {
    this.#reserved -= 1;
    this.#execute(run);
    this.#forgetEarly();
  }

  /** A run waits in the queue: whoever has room may take it. */
  async announce(): Promise<void> {
    this.nudge();
    await this.tell("queue", "");
  }

  /** Tells the other servers. Never rejects: what a lost word was about is found by their next heartbeat. */
  async tell(notice: Notice, subject: string): Promise<void> {
    await publish(this.#options.database, notice, [subject]).catch((error) => {
      this.#options.logger.warn({ error, notice }, "the other servers could not be told");
    });
  }

  /** Looks into the queue, now or as soon as there is room. */
  nudge(): void {
    if (this.#options.maxRuns > 0) this.#claims.nudge();
  }

  /** Another server has come, or words of others may have been lost: looks at everything once. */
  lookAround(): void {
    this.#heartbeat.beatAgain().catch(() => {});
  }

  /** Looks into the queue; who only takes requests at least tells runs their position, in case that nobody works. */
  async lookIntoQueue(): Promise<void> {
    this.nudge();
    if (this.#options.maxRuns === 0) await this.#claims.tellPositions();
  }

  isAtWork(runId: string): boolean {
    return this.#active.has(runId);
  }

  /** Stops a run that is executed here; says whether it is. */
  cancel(runId: string, marking?: Promise<unknown>): boolean {
    const run = this.#active.get(runId);
    run?.stop.abort({ why: "cancelled", marked: marking?.catch(() => {}) } satisfies Stop);
    if (!run && this.#isTaking()) this.#early.cancels.add(runId);
    return run !== undefined;
  }

  /** Stops all that runs, or waits to, for users that are suspended. */
  async stopSuspended(): Promise<void> {
    await this.#caretaker.stopSuspended();
  }

  /** A message wants to enter a run; says whether it is executed here. */
  steer(runId: string): boolean {
    const run = this.#active.get(runId);
    if (run) run.steered = true;
    else if (this.#isTaking()) this.#early.steers.add(runId);
    return run !== undefined;
  }

  /** Stops a run wherever it is executed, or waits to be. */
  async cancelAnywhere(runId: string): Promise<void> {
    if (this.cancel(runId)) return;
    await this.tell("cancel", runId);
    // It may be a run that nobody has taken yet.
    this.nudge();
  }

  /** Tells a run, wherever it is executed, that a message wants to enter it. */
  async steerAnywhere(runId: string): Promise<void> {
    if (!this.steer(runId)) await this.tell("steer", runId);
  }

  #isTaking(): boolean {
    return this.#claims.underWay || this.#reserved > 0;
  }

  #forgetEarly(): void {
    if (this.#isTaking()) return;
    this.#early.cancels.clear();
    this.#early.steers.clear();
  }

  /** Makes a run of the next message that waits in a task, if there is one and none is active. */
  async promote(taskId: string, { patient } = { patient: true }): Promise<void> {
    const { database, changes, feed } = this.#options;
    const run = await promotePending(database, taskId, { patient });
    if (!run) return;
    changes.touch(run.userId, taskId);
    feed.wake(run.runId);
    await this.announce();
  }

  /** Resolves when the run is no longer executed here. */
  async finished(runId: string): Promise<void> {
    while (this.#active.has(runId)) await Promise.race(this.#done);
  }

  /**
   * Takes no more runs, gives those at work until their next step (or the end of the patience for it) and hands them
   * over. Resolves when nothing is at work.
   */
  async stop(): Promise<void> {
    const { eventLog, drainMs, logger } = this.#options;
    this.#stopping = true;
    for (const { leave } of this.#active.values()) leave.abort();
    if (this.#active.size > 0) logger.info({ runs: this.#active.size, drainMs }, "runs are handed over");
    const cut = setTimeout(() => {
      for (const { stop } of this.#active.values()) stop.abort({ why: "shutdown" } satisfies Stop);
      eventLog.closeSoon();
    }, drainMs);
    await this.#claims.stop();
    // What was on its way from the queue is among them now. The lease is renewed until the last has left.
    while (this.#done.size > 0) await Promise.all(this.#done);
    clearTimeout(cut);
    await this.#heartbeat.stop();
    await this.#caretaker.stop();
  }

  get #serverId(): string {
    return this.#options.identity.serverId;
  }

  #execute(run: StartedRun): void {
    const before = this.#active.get(run.runId);
    const active: ActiveRun = {
      userId: run.userId,
      stop: new AbortController(),
      leave: new AbortController(),
      steered: this.#early.steers.has(run.runId),
      done: Promise.resolve(),
    };
    const isCancelled = run.status === "cancelling" || this.#early.cancels.has(run.runId);
    if (isCancelled) active.stop.abort({ why: "cancelled" } satisfies Stop);
    if (this.#stopping) active.leave.abort();
    this.#active.set(run.runId, active);
    this.#options.changes.touch(run.userId, run.taskId);
    let { lapses } = this.#heartbeat;
    const control: RunControl = {
      stop: active.stop.signal,
      leave: active.leave.signal,
      wasSteered() {
        const { steered } = active;
        active.steered = false;
        return steered;
      },
      confirmLease: async () => {
        lapses = await this.#heartbeat.confirm(run, lapses, active.stop.signal);
      },
    };
    const done = this.#after(before)
      .then(() => this.#work(run, control))
      .finally(() => {
        if (this.#active.get(run.runId) === active) this.#active.delete(run.runId);
        this.#done.delete(done);
        if (this.#claims.anyWaiting) this.nudge();
      });
    active.done = done;
    this.#done.add(done);
  }

  /**
   * A run may come back to the server that has lost it before that one knows: what still works on it has to go first.
   * Nothing that it writes counts.
   */
  async #after(before: ActiveRun | undefined): Promise<void> {
    before?.stop.abort({ why: "shutdown" } satisfies Stop);
    await before?.done;
  }

  /** Never rejects. */
  async #work(run: StartedRun, control: RunControl): Promise<void> {
    const { pending, claimable } = await this.#options.execute(run, control);
    this.#options.changes.touch(run.userId, run.taskId);
    if (claimable) await this.announce();
    if (!pending) return;
    await this.promote(run.taskId).catch((error) => {
      this.#options.logger.warn({ error, runId: run.runId }, "what waits behind a run must wait longer");
    });
  }
}
