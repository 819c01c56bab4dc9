import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { ApiError } from "../../protocol/error.ts";
import { findPackageRoot } from "../package-root.ts";
import type { ExportJob, FromWorker, ToWorker } from "./docx-job.ts";

/** Gives the files that a document shows, null for those it does without. */
export type ReadPictures = (
  paths: string[],
  signal: AbortSignal,
) => Promise<(Uint8Array<ArrayBuffer> | null)[]>;

const maxWaiting = 20;
const timeLimit = 120_000;
/** Starting a thread costs some 300 ms, mostly for loading `docx`; so it stays for a while. */
const idleTime = 60_000;
/** `docx` holds the whole document as objects; the largest that is allowed takes some 400 MiB. */
const memoryMiB = 768;

/** Times in milliseconds. */
interface Limits {
  timeLimit: number;
  idleTime: number;
  memoryMiB: number;
}

/** Beside the source in development, beside the bundle when built. */
function workerFile(): string {
  return import.meta.filename.endsWith(".ts")
    ? join(import.meta.dirname, "docx-worker.ts")
    : join(findPackageRoot(), "dist", "docx-worker.js");
}

/** One thread that makes documents, one after the other: started when needed, ended when idle. */
export class DocxThread {
  #worker: Worker | undefined;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #idle: NodeJS.Timeout | undefined;
  readonly #limits: Limits;

  constructor(limits: Partial<Limits> = {}) {
    this.#limits = { timeLimit, idleTime, memoryMiB, ...limits };
  }

  /** Whether a thread exists. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /**
   * The document, null for a conversation without messages. Throws the signal's reason, `unavailable` when too
   * many wait, and `too_large` for what takes more time or memory than a document may.
   */
  async run(job: ExportJob, read: ReadPictures, signal: AbortSignal): Promise<Uint8Array | null> {
    if (this.#waiting >= maxWaiting) {
      throw new ApiError("unavailable", "Many exports are under way. Try again shortly.", { retryAfter: 10 });
    }
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    const turn = this.#turn;
    this.#turn = turn.then(() => done);
    this.#waiting += 1;
    try {
      await abortable(turn, signal);
      return await this.#work(job, read, signal);
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
    await worker?.terminate();
  }

  async #work(job: ExportJob, read: ReadPictures, signal: AbortSignal): Promise<Uint8Array | null> {
    clearTimeout(this.#idle);
    const limit = AbortSignal.timeout(this.#limits.timeLimit);
    const worker = this.#start();
    try {
      const bytes = await converse(worker, job, read, AbortSignal.any([signal, limit]));
      worker.unref();
      this.#idle = setTimeout(() => void this.close(), this.#limits.idleTime).unref();
      return bytes;
    } catch (error) {
      await this.close();
      signal.throwIfAborted();
      if (limit.aborted || isOutOfMemory(error)) {
        throw new ApiError("too_large", "This conversation is too large for one document.", { cause: error });
      }
      throw error;
    }
  }

  #start(): Worker {
    const running = this.#worker;
    if (running) {
      running.ref();
      return running;
    }
    const resourceLimits = { maxOldGenerationSizeMb: this.#limits.memoryMiB };
    // No environment: the thread needs none of the server's secrets.
    const worker = new Worker(workerFile(), { resourceLimits, env: {}, execArgv: [] });
    // A thread that fails while nobody waits for it is replaced when the next job comes.
    worker.on("error", () => {});
    worker.on("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    this.#worker = worker;
    return worker;
  }
}

/** Hands the job over, answers the question for pictures, and waits for the end. */
async function converse(
  worker: Worker,
  job: ExportJob,
  read: ReadPictures,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  const over = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | null>();
  const send = (message: ToWorker, transfer: ArrayBuffer[] = []) => worker.postMessage(message, transfer);
  const onMessage = (message: FromWorker) => {
    if (message.kind === "done") resolve(message.bytes);
    else if (message.kind === "empty") resolve(null);
    else if (message.kind === "failed") reject(failure(message.message, message.stack));
    else {
      read(message.paths, AbortSignal.any([signal, over.signal]))
        .then((pictures) =>
          send(
            { kind: "pictures", pictures },
            pictures.flatMap((each) => each?.buffer ?? []),
          ),
        )
        .catch(reject);
    }
  };
  const onExit = () => reject(new Error("the thread that makes documents ended"));
  const onAbort = () => reject(signal.reason);
  worker.on("message", onMessage).on("error", reject).on("exit", onExit);
  signal.addEventListener("abort", onAbort);
  try {
    signal.throwIfAborted();
    send({ kind: "job", job });
    return await promise;
  } finally {
    over.abort();
    signal.removeEventListener("abort", onAbort);
    worker.off("message", onMessage).off("exit", onExit).off("error", reject);
  }
}

function failure(message: string, stack: string | undefined): Error {
  const error = new Error(`making the document failed: ${message}`);
  if (stack !== undefined) error.stack = stack;
  return error;
}

function isOutOfMemory(error: unknown): boolean {
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
