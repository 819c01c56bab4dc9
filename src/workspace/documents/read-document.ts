import { ApiError } from "../../protocol/error.ts";
import type { OpenedFile } from "../directory.ts";
import { type JobFailure, JobThread } from "../threads/job-thread.ts";
import type { DocumentAnswer, DocumentJob, DocumentText } from "./document-job.ts";

/** bytes */
export const maxDocumentBytes = 64 * 2 ** 20;

const signatures = ["%PDF-", "PK\x03\x04", "PK\x05\x06", "\xd0\xcf\x11\xe0"];
/** One for the process: documents are read one after the other. */
const thread = new JobThread<DocumentJob, DocumentAnswer>(import.meta.dirname, "document-worker", {
  waiting: 32,
  timeMs: 60_000,
  idleMs: 60_000,
  memoryMiB: 768,
});

/** Whether a file that starts so is for `readDocument`: Office documents old and new, PDF, zip archives. */
export function isDocument(start: Buffer): boolean {
  const text = start.subarray(0, 1024).toString("latin1");
  // Some programs write a few bytes before a PDF's own start.
  return signatures.some((signature) => text.startsWith(signature)) || text.trimStart().startsWith("%PDF-");
}

/**
 * The wanted part of an open document as text; those of one `reader` are read one after the other. Throws the signal's reason, and ApiError `not_a_file` for what cannot
 * be read, with a sentence that says what to do.
 */
export async function readDocument(
  file: OpenedFile,
  wanted: Omit<DocumentJob, "bytes">,
  signal: AbortSignal,
  reader?: string,
): Promise<DocumentText> {
  if (file.size > maxDocumentBytes) {
    const limit = `The document is larger than ${maxDocumentBytes / 2 ** 20} MB.`;
    throw new ApiError("not_a_file", `${limit} Read it in parts with a program in bash.`);
  }
  const load = async () => {
    const bytes = await readBytes(file, signal);
    return { job: { ...wanted, bytes }, moved: [bytes.buffer] };
  };
  const answer = await thread.runLoaded(load, signal, reader);
  if ("failure" in answer) throw explain(answer.failure);
  const { result } = answer;
  if ("text" in result) return result.text;
  if ("refusal" in result) throw new ApiError("not_a_file", result.refusal);
  const fault = (result.fault.split("\n")[0] ?? "").slice(0, 200);
  throw new ApiError("not_a_file", `The document is damaged, or of a kind that is not read: ${fault}`);
}

const smaller = "Ask for fewer pages or rows, or read it in parts with a program in bash.";

function explain(failure: JobFailure): ApiError {
  switch (failure) {
    case "busy":
      return new ApiError("unavailable", "Many documents are being read. Try again shortly.", {
        retryAfter: 5,
      });
    case "late":
      return new ApiError("not_a_file", `Reading the document took too long. ${smaller}`);
    case "memory":
      return new ApiError("not_a_file", `The document needs too much memory. ${smaller}`);
    case "failed":
      return new ApiError("not_a_file", "The document cannot be read: it makes its reader fail.");
  }
}

/** In memory of its own, which can be handed to the thread. */
async function readBytes(file: OpenedFile, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(file.size);
  for (let length = 0; length < bytes.length; ) {
    signal.throwIfAborted();
    const { bytesRead } = await file.handle.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) return bytes.slice(0, length);
    length += bytesRead;
  }
  return bytes;
}
