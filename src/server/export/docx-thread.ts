import { ApiError } from "../../protocol/error.ts";
import { type JobFailure, JobThread } from "../../workspace/threads/job-thread.ts";
import type { DocxAnswer, ExportJob, Pictures } from "./docx-job.ts";

/** Gives the files that a document shows, null for those it does without. */
export type ReadPictures = (
  paths: string[],
  signal: AbortSignal,
) => Promise<(Uint8Array<ArrayBuffer> | null)[]>;

const maxWaiting = 20;
const timeLimit = 120_000;
const idleTime = 60_000;
/** `docx` holds the whole document as objects; the largest that is allowed takes some 400 MiB. */
const memoryMiB = 768;

/** Times in milliseconds. */
interface Limits {
  timeLimit: number;
  idleTime: number;
  memoryMiB: number;
}

/** The thread that makes documents. */
export class DocxThread {
  readonly #thread: JobThread<ExportJob, DocxAnswer, string[], Pictures>;

  constructor(limits: Partial<Limits> = {}) {
    const { timeLimit: timeMs, idleTime: idleMs, ...more } = { timeLimit, idleTime, memoryMiB, ...limits };
    const bounds = { waiting: maxWaiting, timeMs, idleMs, ...more };
    this.#thread = new JobThread(import.meta.dirname, "docx-worker", bounds);
  }

  /** Whether a thread exists. */
  get isRunning(): boolean {
    return this.#thread.isRunning;
  }

  /**
   * The document, null for a conversation without messages. Throws the signal's reason, `unavailable` when too
   * many wait, and `too_large` for what takes more time or memory than a document may.
   */
  async run(job: ExportJob, read: ReadPictures, signal: AbortSignal): Promise<Uint8Array | null> {
    const answer = async (paths: string[], until: AbortSignal) => {
      const pictures = await read(paths, until);
      return { reply: pictures, moved: pictures.flatMap((each) => each?.buffer ?? []) };
    };
    const made = await this.#thread.runLoaded(async () => ({ job, answer }), signal);
    if ("failure" in made) throw explain(made.failure);
    if ("fault" in made.result) throw failure(made.result.fault);
    return made.result.bytes;
  }

  /** Ends the thread; the next job starts another. */
  close(): Promise<void> {
    return this.#thread.close();
  }
}

function explain(reason: JobFailure): Error {
  switch (reason) {
    case "busy":
      return new ApiError("unavailable", "Many exports are under way. Try again shortly.", {
        retryAfter: 10,
      });
    case "late":
    case "memory":
      return new ApiError("too_large", "This conversation is too large for one document.");
    case "failed":
      return new Error("the thread that makes documents ended");
  }
}

function failure({ message, stack }: { message: string; stack: string | undefined }): Error {
  const error = new Error(`making the document failed: ${message}`);
  if (stack !== undefined) error.stack = stack;
  return error;
}
