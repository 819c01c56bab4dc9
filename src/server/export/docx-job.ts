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

/** What goes into the thread: a job, then the pictures it asked for, null where there is none. */
export type ToWorker =
  | { kind: "job"; job: ExportJob }
  | { kind: "pictures"; pictures: (Uint8Array | null)[] };

/** What comes out of it. `empty`: the conversation has no messages. */
export type FromWorker =
  | { kind: "pictures"; paths: string[] }
  | { kind: "done"; bytes: Uint8Array }
  | { kind: "empty" }
  | { kind: "failed"; message: string; stack: string | undefined };
