import { join } from "node:path";
import { Worker } from "node:worker_threads";

export interface ThreadLimits {
  /** Jobs that wait; one more is refused. */
  waiting: number;
  /** Of one job, milliseconds. */
  timeMs: number;
  /** How long the thread stays without a job, milliseconds: starting one costs some 300 ms. */
  idleMs: number;
  /** Of its heap, and as much again of buffers. */
  memoryMiB: number;
}

/** Between two looks at the buffers that the thread holds, which no limit of a worker's bounds, milliseconds. */
const glanceMs = 100;

/** Why a job has no result: too many wait, or it took too long, too much memory, or failed within the thread. */
export type JobFailure = "busy" | "late" | "memory" | "failed";

/** What a thread says of its job: how it ended, or what it must be told to go on. */
export type FromJobThread<Result, Question = never> =
  | { result: Result }
  | { failure: string }
  | { question: Question };

/** What a thread is told when it has asked. */
export interface ToldThread<Reply> {
  reply: Reply;
}

/** A job whose turn has come. */
export interface LoadedJob<Job, Question = never, Reply = never> {
  job: Job;
  /** What of it is gone afterwards. */
  moved?: ArrayBuffer[];
  /** Replies to what the thread asks meanwhile; its signal is aborted once the job is over. */
  answer?: (question: Question, signal: AbortSignal) => Promise<{ reply: Reply; moved?: ArrayBuffer[] }>;
}

/** Those that have a thread now. */
const started = new Set<{ close(): Promise<void> }>();

/** Ends every thread, whatever it is at: what it prints, though nobody reads it, keeps a process from ending. */
export async function endAllThreads(): Promise<void> {
  await Promise.all([...started].map((thread) => thread.close()));
}

/**
 * One thread that does jobs one after the other: started when needed, ended when idle, and with any job that goes
 * beyond its limits. `file`: the worker's source beside the caller's, built as `dist/<name>.js`.
 */
export class JobThread<Job, Result, Question = never, Reply = never> {
  readonly #file: string;
  readonly #limits: ThreadLimits;
  #worker: Worker | undefined;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** The last job of each who has some. */
  readonly #lanes = new Map<string, Promise<void>>();
  #idle: NodeJS.Timeout | undefined;

  constructor(folder: string, name: string, limits: ThreadLimits) {
    this.#file = workerFile(folder, name);
    this.#limits = limits;
  }

  /** Whether a thread exists. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** Does a job; what of it is listed as `moved` is gone afterwards. Rejects with the signal's reason only. */
  async run(
    job: Job,
    signal: AbortSignal,
    moved: ArrayBuffer[] = [],
  ): Promise<{ result: Result } | { failure: JobFailure }> {
    return await this.runLoaded(async () => ({ job, moved }), signal);
  }

  /**
   * The same for a job that is loaded when its turn has come: many that wait would hold much memory. Of those in one `lane`
   * one at a time waits among the others, so that nobody's many jobs keep the rest waiting. Rejects as `load` and
   * `answer` too.
   */
  async runLoaded(
    load: () => Promise<LoadedJob<Job, Question, Reply>>,
    signal: AbortSignal,
    lane?: string,
  ): Promise<{ result: Result } | { failure: JobFailure }> {
    if (lane === undefined) return await this.#runInTurn(load, signal);
    const before = this.#lanes.get(lane) ?? Promise.resolve();
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    const last = before.then(() => done);
    this.#lanes.set(lane, last);
    try {
      await abortable(before, signal);
      return await this.#runInTurn(load, signal);
    } finally {
      finish();
      if (this.#lanes.get(lane) === last) this.#lanes.delete(lane);
    }
  }

  async #runInTurn(
    load: () => Promise<LoadedJob<Job, Question, Reply>>,
    signal: AbortSignal,
  ): Promise<{ result: Result } | { failure: JobFailure }> {
    if (this.#waiting >= this.#limits.waiting) return { failure: "busy" };
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    const turn = this.#turn;
    this.#turn = turn.then(() => done);
    this.#waiting += 1;
    try {
      await abortable(turn, signal);
      return await this.#work(await load(), signal);
    } finally {
      this.#waiting -= 1;
      finish();
    }
  }

  /** Ends the thread; the next job starts another. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = undefined;
    started.delete(this);
    await worker?.terminate();
  }

  async #work(
    loaded: LoadedJob<Job, Question, Reply>,
    signal: AbortSignal,
  ): Promise<{ result: Result } | { failure: JobFailure }> {
    clearTimeout(this.#idle);
    const late = AbortSignal.timeout(this.#limits.timeMs);
    try {
      const worker = this.#start();
      const answer = await this.#converse(worker, loaded, AbortSignal.any([signal, late]));
      worker.unref();
      this.#idle = setTimeout(() => void this.close(), this.#limits.idleMs).unref();
      return "result" in answer ? answer : { failure: "failed" };
    } catch (error) {
      await this.close();
      signal.throwIfAborted();
      if (error instanceof AnswerFailed) throw error.cause;
      if (late.aborted) return { failure: "late" };
      return { failure: isOutOfMemory(error) ? "memory" : "failed" };
    }
  }

  /** Hands the job over, answers what the thread asks, and waits for the end. */
  async #converse(
    worker: Worker,
    { job, moved = [], answer }: LoadedJob<Job, Question, Reply>,
    signal: AbortSignal,
  ): Promise<FromJobThread<Result>> {
    const { promise, resolve, reject } = Promise.withResolvers<FromJobThread<Result>>();
    const over = new AbortController();
    const onMessage = (said: FromJobThread<Result, Question>) => {
      if (!("question" in said)) return resolve(said);
      answer?.(said.question, AbortSignal.any([signal, over.signal]))
        .then(({ reply, moved }) => worker.postMessage({ reply } satisfies ToldThread<Reply>, moved))
        .catch((cause) => reject(new AnswerFailed(cause)));
    };
    const onExit = () => reject(new Error("the thread ended"));
    const onAbort = () => reject(signal.reason);
    const glance = setInterval(async () => {
      const held = await worker.getHeapStatistics().catch(() => null);
      if ((held?.external_memory ?? 0) > this.#limits.memoryMiB * 2 ** 20) reject(new BuffersFull());
    }, glanceMs);
    worker.on("message", onMessage).on("error", reject).on("exit", onExit);
    signal.addEventListener("abort", onAbort);
    try {
      signal.throwIfAborted();
      worker.postMessage(job, moved);
      return await promise;
    } finally {
      over.abort();
      clearInterval(glance);
      signal.removeEventListener("abort", onAbort);
      worker.off("message", onMessage).off("exit", onExit).off("error", reject);
    }
  }

  #start(): Worker {
    const running = this.#worker;
    if (running) {
      running.ref();
      return running;
    }
    // No environment: the thread needs none of the server's secrets. What libraries print is for nobody.
    const worker = new Worker(this.#file, {
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.memoryMiB },
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    worker.stdout.resume();
    worker.stderr.resume();
    // A thread that fails while nobody waits for it is replaced when the next job comes.
    worker.on("error", () => {});
    worker.on("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    this.#worker = worker;
    started.add(this);
    return worker;
  }
}

/** Beside the source in development, beside the bundle (in `dist/` or `dist/chunks/`) when built. */
function workerFile(folder: string, name: string): string {
  if (import.meta.filename.endsWith(".ts")) return join(folder, `${name}.ts`);
  const here = import.meta.dirname;
  return join(here.endsWith("chunks") ? join(here, "..") : here, `${name}.js`);
}

class BuffersFull extends Error {}

/** Whoever gave the job could not answer the thread. */
class AnswerFailed extends Error {
  constructor(cause: unknown) {
    super("a thread's question could not be answered", { cause });
  }
}

function isOutOfMemory(error: unknown): boolean {
  if (error instanceof BuffersFull) return true;
  return error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
}

async function abortable(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
