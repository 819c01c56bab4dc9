import type { DocumentJob } from "./document-job.ts";

const maxLineLength = 2_000;

/** Where an excerpt was broken off: the next line of the unit that is not shown, from 1. */
export interface Break {
  unit: number;
  line: number;
}

/** Gathers the wanted lines of a document, part by part (a page, a slide), within the bounds of the job. */
export class Excerpt {
  readonly lines: string[] = [];
  /** Numbers of the first and the last unit shown. */
  first: number | undefined;
  last = 0;
  /** Lines given so far, shown or not. */
  count = 0;
  next: Break | undefined;
  #bytes = 0;
  readonly #job: DocumentJob;

  constructor(job: DocumentJob) {
    this.#job = job;
  }

  /**
   * Adds a unit's lines, as many as there is room for; one that does not fit behind others is left for the next time.
   * False where no more is wanted.
   */
  add(unit: number, lines: readonly string[]): boolean {
    const { offset, limit, maxBytes } = this.#job;
    const skipped = Math.max(0, Math.min(lines.length, offset - 1 - this.count));
    this.count += lines.length;
    const wanted = lines.slice(skipped).map(cutLine);
    const isFirst = this.lines.length === 0;
    if (!isFirst && !this.#fits(wanted, limit, maxBytes)) {
      this.next = { unit, line: 1 };
      return false;
    }
    for (const [index, line] of wanted.entries()) {
      const isFull =
        this.lines.length === limit || (this.lines.length > 0 && this.#bytes + sizeOf(line) > maxBytes);
      if (isFull) {
        this.next = { unit, line: skipped + index + 1 };
        return false;
      }
      this.#bytes += sizeOf(line);
      this.lines.push(line);
      this.first ??= unit;
      this.last = unit;
    }
    return true;
  }

  #fits(lines: string[], limit: number, maxBytes: number): boolean {
    const bytes = lines.reduce((sum, line) => sum + sizeOf(line), 0);
    return this.lines.length + lines.length <= limit && this.#bytes + bytes <= maxBytes;
  }
}

/** A line as it is shown. */
export function cutLine(line: string): string {
  return line.length > maxLineLength
    ? `${line.slice(0, maxLineLength).toWellFormed()} [line cut here]`
    : line;
}

function sizeOf(line: string): number {
  return Buffer.byteLength(line) + 1;
}

/** How to read the pages or slides that are not shown; `asked`: the last one wanted. */
export function describePages(excerpt: Excerpt, what: string, total: number, asked: number): string {
  const { first = 0, last, next } = excerpt;
  const shown = first === last ? `${what} ${first}` : `${what}s ${first}-${last}`;
  const end = asked < total ? String(asked) : "";
  const place = next && (next.line > 1 ? ` and offset ${next.line}` : "");
  const more = next ? `; continue with pages "${next.unit}-${end}"${place}` : "";
  return `[${shown} of ${total} shown${more}]`;
}
