import { ApiError } from "../../protocol/error.ts";
import type { OpenedFile } from "../directory.ts";
import type { DocumentJob, DocumentText } from "./document-job.ts";
import { DocumentThread } from "./document-thread.ts";

/** bytes */
export const maxDocumentBytes = 64 * 2 ** 20;

const signatures = ["%PDF-", "PK\x03\x04", "PK\x05\x06", "\xd0\xcf\x11\xe0"];
/** One for the process: documents are read one after the other. */
const thread = new DocumentThread();

/** Whether a file that starts so is for `readDocument`: Office documents old and new, PDF, zip archives. */
export function isDocument(start: Buffer): boolean {
  const text = start.subarray(0, 1024).toString("latin1");
  // Some programs write a few bytes before a PDF's own start.
  return signatures.some((signature) => text.startsWith(signature)) || text.trimStart().startsWith("%PDF-");
}

/**
 * The wanted part of an open document as text. Throws the signal's reason, and ApiError `not_a_file` for what cannot
 * be read, with a sentence that says what to do.
 */
export async function readDocument(
  file: OpenedFile,
  wanted: Omit<DocumentJob, "bytes">,
  signal: AbortSignal,
): Promise<DocumentText> {
  if (file.size > maxDocumentBytes) {
    const limit = `The document is larger than ${maxDocumentBytes / 2 ** 20} MB.`;
    throw new ApiError("not_a_file", `${limit} Read it in parts with a program in bash.`);
  }
  const bytes = await readBytes(file, signal);
  return thread.read({ ...wanted, bytes }, signal);
}

/** In memory of its own, which can be handed to the thread. */
async function readBytes(file: OpenedFile, signal: AbortSignal): Promise<Uint8Array> {
  const bytes = new Uint8Array(file.size);
  for (let length = 0; length < bytes.length; ) {
    signal.throwIfAborted();
    const { bytesRead } = await file.handle.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) return bytes.slice(0, length);
    length += bytesRead;
  }
  return bytes;
}
