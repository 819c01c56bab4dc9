import { ApiError } from "../../protocol/error.ts";
import type { Directory } from "../../workspace/directory.ts";
import type { TaskTitle } from "./docx-job.ts";
import { DocxThread } from "./docx-thread.ts";
import { readPictures } from "./read-pictures.ts";
import type { Language } from "./words.ts";

export interface ExportInput {
  task: TaskTitle;
  /** JSON text of the API's `MessageList`. */
  conversation: string;
  /** Where pictures named by relative paths are. */
  directory: Directory;
  language: Language;
}

const thread = new DocxThread();

/**
 * The conversation as a .docx, made in a thread of its own. Pictures come from the directory only, nothing is
 * fetched. Throws `nothing_to_export`, `too_large`, `unavailable`, and the signal's reason.
 */
export async function exportConversation(input: ExportInput, signal: AbortSignal): Promise<Uint8Array> {
  const { task, conversation, directory, language } = input;
  const job = { task, conversation, language, exportedAt: new Date() };
  const read = (paths: string[], end: AbortSignal) => readPictures(directory, paths, end);
  const bytes = await thread.run(job, read, signal);
  if (bytes === null) {
    throw new ApiError("nothing_to_export", "The conversation is empty. Send a message first.");
  }
  return bytes;
}
