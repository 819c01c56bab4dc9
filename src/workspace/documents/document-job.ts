/** What the thread is given: a document, and which part of it is wanted. */
export interface DocumentJob {
  bytes: Uint8Array;
  /** Pages or slides from 1; all by default. */
  pages: PageRange | undefined;
  /** Name of a sheet; the first one by default. */
  sheet: string | undefined;
  /** First line wanted, from 1; of a sheet, its first row. */
  offset: number;
  /** How many lines at most. */
  limit: number;
  /** Of what comes back, bytes; a longer line or page is cut. */
  maxBytes: number;
}

export interface PageRange {
  first: number;
  /** Infinity: to the end. */
  last: number;
}

/** The wanted part as text. */
export interface DocumentText {
  /** What it is, such as "Word document" or "PDF, 12 pages". */
  title: string;
  lines: string[];
  /** What is to be known of it: what is not shown, how to go on. */
  notes: string[];
}

/** What comes out of the thread: `refusal` is a sentence for whoever asked, `fault` what is wrong with the file. */
export type DocumentAnswer = { text: DocumentText } | { refusal: string } | { fault: string };

/** Why a document cannot be read, as a sentence that says what to do. */
export class DocumentRefusal extends Error {
  override name = "DocumentRefusal";
}
