import type { Language } from "./words.ts";

/** What the document says of its task. */
export interface TaskTitle {
  name: string;
  description: string;
  createdAt: Date;
}

/** What the worker thread is given. */
export interface ExportJob {
  task: TaskTitle;
  /** JSON text of the API's `MessageList`: the thread parses it, so that the server does not have to. */
  conversation: string;
  language: Language;
  exportedAt: Date;
}

/** What the thread asks for by its paths: null for what it does without. */
export type Pictures = (Uint8Array | null)[];

/** What comes out of the thread: the document, null for a conversation without messages, or why there is none. */
export type DocxAnswer =
  | { bytes: Uint8Array | null }
  | { fault: { message: string; stack: string | undefined } };
