import { setTimeout as wait } from "node:timers/promises";
import { ApiError } from "../../protocol/error.ts";
import type { KeptOutput, KeptText } from "./kept-output.ts";

/** How a process ended, in words, and whether that is a failure. */
export interface ProcessEnd {
  text: string;
  isError: boolean;
}

/** What a process does: it runs until it ends by itself or `signal` is aborted, and then says how it ended. */
export type ProcessWork = (signal: AbortSignal, onOutput: (text: string) => void) => Promise<ProcessEnd>;

/** Where the output goes that nobody has looked at yet; a new one after each look. */
export type OpenOutput = () => KeptOutput;

/** One process, as others see it. */
export interface ProcessState {
  /** Short: `p1`. */
  id: string;
  /** What it was started with. */
  command: string;
  startedAt: number;
  /** Undefined while it runs. */
  end: ProcessEnd | undefined;
}

interface BackgroundProcess extends ProcessState {
  stop: AbortController;
  openOutput: OpenOutput;
  output: KeptOutput;
  /** Whether there is output that nobody has taken. */
  isUnread: boolean;
  /** Told of output and of the end. */
  listeners: Set<() => void>;
  done: Promise<void>;
}

/** Of one run at a time. */
export const maxBackgroundProcesses = 8;
/** A look goes on until nothing has come for so long, milliseconds: what belongs together mostly comes together. */
const quietMs = 150;
/** How long a look goes on at most once there is something to see, milliseconds. */
const settleMs = 1_000;

/**
 * The processes that go on beside a run. They are its own: nothing of them is left once `close` has resolved, and an
 * abort of `signal` ends them at once. `onEnded` is told of each that ended unasked.
 */
export class BackgroundProcesses {
  readonly #processes = new Map<string, BackgroundProcess>();
  readonly #signal: AbortSignal | undefined;
  readonly #onEnded: ((state: ProcessState) => void) | undefined;
  /** Ended unasked, and not told of yet. */
  #news: ProcessState[] = [];
  #isClosed = false;

  constructor(options: { signal?: AbortSignal; onEnded?: (state: ProcessState) => void } = {}) {
    this.#signal = options.signal;
    this.#onEnded = options.onEnded;
  }

  /** Starts one; throws ApiError `unavailable` where too many are at work or all have been ended. */
  start(command: string, work: ProcessWork, openOutput: OpenOutput): ProcessState {
    if (this.#isClosed || this.#signal?.aborted) throw new ApiError("unavailable", "The run is over.");
    const running = this.list().filter(({ end }) => end === undefined);
    if (running.length >= maxBackgroundProcesses) {
      const ids = running.map(({ id }) => id).join(", ");
      throw new ApiError(
        "unavailable",
        `${running.length} processes run in the background (${ids}); stop one before you start another.`,
      );
    }
    const stop = new AbortController();
    const process: BackgroundProcess = {
      id: `p${this.#processes.size + 1}`,
      command,
      startedAt: performance.now(),
      end: undefined,
      stop,
      openOutput,
      output: openOutput(),
      isUnread: false,
      listeners: new Set(),
      done: Promise.resolve(),
    };
    this.#processes.set(process.id, process);
    process.done = this.#run(process, work);
    return process;
  }

  async #run(process: BackgroundProcess, work: ProcessWork): Promise<void> {
    const tell = (): void => {
      for (const listener of process.listeners) listener();
    };
    const onOutput = (text: string): void => {
      process.output.add(text);
      process.isUnread = true;
      tell();
    };
    const signal = this.#signal ? AbortSignal.any([this.#signal, process.stop.signal]) : process.stop.signal;
    try {
      process.end = await work(signal, onOutput);
    } catch (error) {
      const text = error instanceof ApiError ? error.message : "it could not be run";
      process.end = { text, isError: true };
    }
    if (!signal.aborted) {
      this.#news.push(process);
      this.#onEnded?.(process);
    }
    tell();
  }

  /** All that were started, in that order. */
  list(): ProcessState[] {
    return [...this.#processes.values()];
  }

  find(id: string): ProcessState | undefined {
    return this.#processes.get(id);
  }

  /**
   * The output since the last look. Where there is none yet, waits for some, or the end, `waitMs` at most; rejects with
   * the signal's reason.
   */
  async take(id: string, waitMs: number, signal: AbortSignal): Promise<KeptText | undefined> {
    const process = this.#processes.get(id);
    if (!process) return undefined;
    if (process.end === undefined) await untilQuiet(process, waitMs, signal);
    // Who looks is told of the end.
    this.#news = this.#news.filter((each) => each !== process);
    const { output } = process;
    process.output = process.openOutput();
    process.isUnread = false;
    return output.finish();
  }

  /** Ends one; resolves when nothing of it is left. */
  async stop(id: string): Promise<void> {
    const process = this.#processes.get(id);
    process?.stop.abort();
    await process?.done;
  }

  /** Those that have ended unasked since the last time this was asked. */
  takeNews(): ProcessState[] {
    return this.#news.splice(0);
  }

  /** Ends all of them; resolves when nothing of them is left. No other can be started. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#processes.keys()].map((id) => this.stop(id)));
    await Promise.all([...this.#processes.values()].map(({ output }) => output.discard()));
  }
}

/** Waits for output and then for silence, or for the end, `waitMs` at most. */
async function untilQuiet(process: BackgroundProcess, waitMs: number, signal: AbortSignal): Promise<void> {
  let until = performance.now() + waitMs;
  let isSettling = false;
  while (process.end === undefined) {
    signal.throwIfAborted();
    if (process.isUnread && !isSettling) {
      isSettling = true;
      until = Math.min(until, performance.now() + settleMs);
    }
    const left = until - performance.now();
    if (left <= 0) return;
    const heard = await hearsWithin(process, isSettling ? Math.min(quietMs, left) : left, signal);
    if (isSettling && !heard) return;
  }
}

async function hearsWithin(process: BackgroundProcess, pause: number, signal: AbortSignal): Promise<boolean> {
  const heard = new AbortController();
  const listener = (): void => heard.abort();
  process.listeners.add(listener);
  try {
    await wait(pause, undefined, { signal: AbortSignal.any([signal, heard.signal]) });
    return false;
  } catch {
    signal.throwIfAborted();
    return true;
  } finally {
    process.listeners.delete(listener);
  }
}
