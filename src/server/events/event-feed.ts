import { endsRun } from "../../protocol/event.ts";
import { isActive } from "../../protocol/run.ts";
import type { Database } from "../store/database.ts";
import type { LoggedEvent } from "../store/runs/append.ts";
import { type LogPage, readEvents, readManyEvents } from "../store/runs/events.ts";

/** Somebody who follows a run: bytes of SSE frames in, nothing out. */
export interface Watcher {
  /** `bytes` are the SSE frames of these events, encoded once for all who follow the run. */
  write(bytes: Buffer, frames: readonly Frame[]): void;
  /** Resolves when the watcher can take more; asked while it is fed from the log, never while it is live. */
  ready(): Promise<void>;
  /** The run has ended, or is gone. */
  end(): void;
}

/** An event as it is streamed. `bytes` are its three lines and the empty one; nothing else of it is kept. */
export interface Frame {
  seq: number;
  bytes: Buffer;
  last: boolean;
}

interface Follower {
  watcher: Watcher;
  /** The last event it was given. */
  seq: number;
  live: boolean;
  gone: boolean;
}

interface Channel {
  runId: string;
  followers: Set<Follower>;
  /** The last event known to this process; null while nobody is live and the run is not executed here. */
  head: number | null;
  /** Set while the run is executed here. */
  owner: { taskId: string; userId: string } | null;
  /** The latest frames of a run executed here, so that who comes early need not ask the database. */
  recent: Frame[];
  recentBytes: number;
}

const pageSize = 500;
const recentLimit = 256 * 1024;
const beyondAnyEvent = 2_147_483_647;
/** Logs that are read in one statement. */
const readAtOnce = 200;
/** Between two looks into the logs of other servers' runs, milliseconds for each run, and at most. */
const gapPerRun = 0.2;
const longestGap = 10;

/**
 * The reading end of the event log. A watcher is fed from the database until it has reached what this process knows,
 * then live: from the flusher where the run is executed here, else by reading on whenever another server says so
 * (and every so often, for words that got lost), all such runs in one statement. Frames are encoded once a process,
 * and a watcher filters by `seq`, so that nothing comes twice and nothing is missed.
 */
export class EventFeed {
  readonly #database: Database;
  readonly #channels = new Map<string, Channel>();
  /** Runs of other servers whose logs have grown. */
  readonly #grown = new Set<Channel>();
  #reading = false;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Whether a run that is executed here is of this user and task; undefined if it is not executed here. */
  isOwn(userId: string, taskId: string, runId: string): boolean | undefined {
    const owner = this.#channels.get(runId)?.owner;
    return owner ? owner.userId === userId && owner.taskId === taskId : undefined;
  }

  /** Follows a run from after `after` until its end; returns what stops it. */
  follow(runId: string, after: number, watcher: Watcher): () => void {
    const channel = this.#channel(runId);
    const follower: Follower = { watcher, seq: after, live: false, gone: false };
    channel.followers.add(follower);
    this.#startCatchUp(channel, follower);
    return () => this.#remove(channel, follower);
  }

  /** Resolves when the run has ended, is gone, or `until` is aborted. */
  async untilEnd(runId: string, until: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    until.addEventListener("abort", () => resolve(), { once: true });
    // From behind any event: only the end is of interest.
    const watcher = { write() {}, ready: async () => {}, end: resolve };
    const stop = this.follow(runId, beyondAnyEvent, watcher);
    if (!until.aborted) await promise;
    stop();
  }

  openLocal(run: { runId: string; taskId: string; userId: string }, head: number): void {
    const channel = this.#channel(run.runId);
    channel.owner = { taskId: run.taskId, userId: run.userId };
    channel.head = head;
  }

  closeLocal(runId: string): void {
    const channel = this.#channels.get(runId);
    if (!channel) return;
    channel.owner = null;
    channel.recent = [];
    channel.recentBytes = 0;
    if (channel.followers.size === 0) this.#channels.delete(runId);
  }

  /** Shows watchers what has just been committed. */
  publish(runId: string, events: LoggedEvent[]): void {
    const channel = this.#channels.get(runId);
    if (channel) this.#deliver(channel, events.map(toFrame));
  }

  /** Another server says that a run's log has grown. */
  wake(runId: string): void {
    const channel = this.#channels.get(runId);
    if (channel && !channel.owner && channel.head !== null) this.#readOn(channel);
  }

  /** Looks after the runs of other servers, whose word may have been lost. */
  wakeAll(): void {
    for (const runId of this.#channels.keys()) this.wake(runId);
  }

  /** Ends the streams of a run that is no more. */
  drop(runId: string): void {
    const channel = this.#channels.get(runId);
    if (!channel) return;
    for (const follower of channel.followers) this.#end(channel, follower);
  }

  /** Ends every stream: the server closes, and clients come back to the next one. */
  close(): void {
    for (const runId of this.#channels.keys()) this.drop(runId);
  }

  #channel(runId: string): Channel {
    let channel = this.#channels.get(runId);
    if (!channel) {
      channel = {
        runId,
        followers: new Set(),
        head: null,
        owner: null,
        recent: [],
        recentBytes: 0,
      };
      this.#channels.set(runId, channel);
    }
    return channel;
  }

  /** Once: a stream may be closed long after it was ended, when the run has a new channel. */
  #remove(channel: Channel, follower: Follower): void {
    if (follower.gone) return;
    follower.gone = true;
    channel.followers.delete(follower);
    if (channel.followers.size === 0 && !channel.owner) this.#channels.delete(channel.runId);
  }

  #end(channel: Channel, follower: Follower): void {
    if (follower.gone) return;
    this.#remove(channel, follower);
    follower.watcher.end();
  }

  #startCatchUp(channel: Channel, follower: Follower): void {
    this.#catchUp(channel, follower).catch(() => {
      // The database is away: the watcher's stream ends, and it comes back for the rest.
      this.#end(channel, follower);
    });
  }

  async #catchUp(channel: Channel, follower: Follower): Promise<void> {
    while (!follower.gone) {
      if (channel.head !== null && this.#joinLive(channel, follower)) return;
      const page = await readEvents(this.#database, channel.runId, follower.seq, pageSize);
      if (follower.gone) return;
      if (!page) return this.#end(channel, follower);
      if (page.events.length > 0) {
        this.#give(channel, follower, page.events.map(toFrame));
        await follower.watcher.ready();
      } else if (!isActive(page.status)) {
        return this.#end(channel, follower);
      } else if (!channel.owner) {
        // The run is executed elsewhere, or waits: from here on its log is read whenever it grows. Another
        // follower may have asked for what lies beyond the log's end, so the least of them counts.
        channel.head = Math.min(channel.head ?? follower.seq, follower.seq);
        follower.live = true;
        return this.#readOn(channel);
      }
    }
  }

  /** Makes the follower live if what it lacks is at hand. */
  #joinLive(channel: Channel, follower: Follower): boolean {
    const oldest = channel.recent[0]?.seq ?? (channel.head ?? 0) + 1;
    if (follower.seq < oldest - 1) return false;
    follower.live = true;
    this.#give(channel, follower, channel.recent);
    return true;
  }

  #deliver(channel: Channel, frames: Frame[]): void {
    const last = frames.at(-1);
    if (!last) return;
    channel.head = Math.max(channel.head ?? 0, last.seq);
    if (channel.owner) this.#remember(channel, frames);
    const batch = Buffer.concat(frames.map((frame) => frame.bytes));
    const first = frames[0]?.seq ?? 0;
    for (const follower of channel.followers) {
      if (!follower.live) continue;
      if (follower.seq < first - 1) {
        // What lies between was read by nobody here: this one catches up anew.
        follower.live = false;
        this.#startCatchUp(channel, follower);
      } else if (follower.seq >= first) this.#give(channel, follower, frames);
      else {
        follower.seq = last.seq;
        follower.watcher.write(batch, frames);
        if (last.last) this.#end(channel, follower);
      }
    }
  }

  #remember(channel: Channel, frames: Frame[]): void {
    for (const frame of frames) {
      channel.recent.push(frame);
      channel.recentBytes += frame.bytes.length;
    }
    while (channel.recentBytes > recentLimit) {
      channel.recentBytes -= channel.recent.shift()?.bytes.length ?? 0;
    }
  }

  #give(channel: Channel, follower: Follower, frames: Frame[]): void {
    const fresh = frames.filter((frame) => frame.seq > follower.seq);
    if (fresh.length > 0) {
      follower.seq = fresh.at(-1)?.seq ?? 0;
      follower.watcher.write(Buffer.concat(fresh.map((frame) => frame.bytes)), fresh);
    }
    // Also for one who asked for what lies beyond the end.
    if (frames.at(-1)?.last) this.#end(channel, follower);
  }

  /** Reads on behind `head` soon; one reader for all runs, which what is said meanwhile makes look once more. */
  #readOn(channel: Channel): void {
    this.#grown.add(channel);
    if (this.#reading) return;
    this.#reading = true;
    // The words of one flush come together, and are to be read together.
    setImmediate(() => void this.#readAll());
  }

  /** Never rejects. */
  async #readAll(): Promise<void> {
    while (this.#grown.size > 0) {
      const grown = [...this.#grown].slice(0, readAtOnce);
      for (const channel of grown) this.#grown.delete(channel);
      const channels = grown.filter(({ followers, owner }) => followers.size > 0 && !owner);
      if (channels.length === 0) continue;
      try {
        const wanted = channels.map(({ runId, head }) => ({ runId, after: head ?? 0 }));
        const pages = await readManyEvents(this.#database, wanted, pageSize);
        for (const channel of channels) this.#take(channel, pages.get(channel.runId));
      } catch {
        // The database is away: the next word or the regular look goes on from the same place.
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(longestGap, gapPerRun * channels.length)));
    }
    this.#reading = false;
  }

  #take(channel: Channel, page: LogPage | undefined): void {
    // Taken over by this process meanwhile, whose flusher has begun to deliver.
    if (channel.owner) return;
    if (!page) {
      this.drop(channel.runId);
      return;
    }
    this.#deliver(channel, page.events.map(toFrame));
    if (page.events.length === pageSize) this.#grown.add(channel);
    else if (page.events.length === 0 && !isActive(page.status)) {
      // Who still catches up finds the end there.
      for (const follower of channel.followers) if (follower.live) this.#end(channel, follower);
    }
  }
}

function toFrame(event: LoggedEvent): Frame {
  return {
    seq: event.seq,
    bytes: Buffer.from(`id: ${event.seq}\nevent: ${event.type}\ndata: ${event.data}\n\n`),
    last: endsRun(event.type),
  };
}
