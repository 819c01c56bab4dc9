import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { ApiError } from "../../protocol/error.ts";
import type { DocumentJob, DocumentText, FromDocumentWorker } from "./document-job.ts";

const maxWaiting = 32;
/** Milliseconds. */
const timeLimit = 60_000;
/** Starting a thread and loading its libraries costs some 300 ms; so it stays for a while. */
const idleTime = 60_000;
const memoryMiB = 768;
/** Between two looks at what the thread holds outside its heap, which its own limit does not bound, milliseconds. */
const glanceGap = 100;

interface Limits {
  timeLimit: number;
  idleTime: number;
  memoryMiB: number;
}

/** Beside the source in development, beside the bundle (in `dist/` or `dist/chunks/`) when built. */
function workerFile(): string {
  const here = import.meta.dirname;
  if (import.meta.filename.endsWith(".ts")) return join(here, "document-worker.ts");
  return join(here.endsWith("chunks") ? join(here, "..") : here, "document-worker.js");
}

/** One thread that reads documents, one after the other: started when needed, ended when idle. */
export class DocumentThread {
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
   * The text of a document. Throws the signal's reason, `unavailable` where too many wait, and `not_a_file` for what
   * cannot be read or takes more time or memory than a document may. The job's bytes are handed over: gone after it.
   */
  async read(job: DocumentJob, signal: AbortSignal): Promise<DocumentText> {
    if (this.#waiting >= maxWaiting) {
      throw new ApiError("unavailable", "Many documents are being read. Try again shortly.", {
        retryAfter: 5,
      });
    }
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    const turn = this.#turn;
    this.#turn = turn.then(() => done);
    this.#waiting += 1;
    try {
      await abortable(turn, signal);
      return await this.#work(job, signal);
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

  async #work(job: DocumentJob, signal: AbortSignal): Promise<DocumentText> {
    clearTimeout(this.#idle);
    const limit = AbortSignal.timeout(this.#limits.timeLimit);
    const worker = this.#start();
    let answer: FromDocumentWorker;
    try {
      answer = await this.#ask(worker, job, AbortSignal.any([signal, limit]));
    } catch (error) {
      await this.close();
      signal.throwIfAborted();
      throw explain(error, limit.aborted);
    }
    worker.unref();
    this.#idle = setTimeout(() => void this.close(), this.#limits.idleTime).unref();
    if (answer.kind === "done") return answer.text;
    if (answer.kind === "refused") throw new ApiError("not_a_file", answer.message);
    throw new ApiError(
      "not_a_file",
      `The document is damaged, or of a kind that is not read: ${firstLine(answer.message)}`,
    );
  }

  async #ask(worker: Worker, job: DocumentJob, signal: AbortSignal): Promise<FromDocumentWorker> {
    const { promise, resolve, reject } = Promise.withResolvers<FromDocumentWorker>();
    const onExit = () => reject(new Error("the thread ended"));
    const onAbort = () => reject(signal.reason);
    const glance = setInterval(() => {
      worker
        .getHeapStatistics()
        .then(({ external_memory }) => {
          if (external_memory > this.#limits.memoryMiB * 2 ** 20) reject(new OutOfMemory());
        })
        // It has ended.
        .catch(() => {});
    }, glanceGap);
    worker.on("message", resolve).on("error", reject).on("exit", onExit);
    signal.addEventListener("abort", onAbort);
    try {
      signal.throwIfAborted();
      worker.postMessage(job, [job.bytes.buffer as ArrayBuffer]);
      return await promise;
    } finally {
      clearInterval(glance);
      signal.removeEventListener("abort", onAbort);
      worker.off("message", resolve).off("exit", onExit).off("error", reject);
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
    const worker = new Worker(workerFile(), {
      resourceLimits,
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    // What libraries print is for nobody.
    worker.stdout.resume();
    worker.stderr.resume();
    // A thread that fails while nobody waits for it is replaced when the next job comes.
    worker.on("error", () => {});
    worker.on("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    this.#worker = worker;
    return worker;
  }
}

class OutOfMemory extends Error {}

function explain(error: unknown, isLate: boolean): ApiError {
  const isOutOfMemory =
    error instanceof OutOfMemory ||
    (error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY");
  const how = "Ask for fewer pages or rows, or read it in parts with a program in bash.";
  if (isLate)
    return new ApiError("not_a_file", `Reading the document took too long. ${how}`, { cause: error });
  if (isOutOfMemory)
    return new ApiError("not_a_file", `The document needs too much memory. ${how}`, { cause: error });
  return new ApiError("not_a_file", "The document cannot be read: it makes its reader fail.", {
    cause: error,
  });
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").slice(0, 200);
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
