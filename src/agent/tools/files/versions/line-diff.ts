import { structuredPatch } from "diff";

/** Lines shown around a change. */
const context = 2;
const maxLineLength = 300;
/** What is compared line by line, characters. */
const maxChange = 2 ** 20;
/** Characters that are compared at once. */
const step = 4_096;
/** Lines that come and go before a comparison is given up; for as many it takes some 40 ms. */
const maxChanged = 600;

/**
 * What became of `before` in `after`, as a unified difference with line numbers, in at most `maxRows` lines; "" where
 * nothing did.
 */
export function diffLines(before: string, after: string, maxRows: number): string {
  if (before === after) return "";
  const { start, oldEnd, newEnd } = findChange(before, after);
  if (Math.max(oldEnd, newEnd) - start > maxChange) return "[too much differs to be shown]";
  const parts = [before.slice(start, oldEnd), after.slice(start, newEnd)] as const;
  const patch = structuredPatch("", "", ...parts, undefined, undefined, {
    context,
    maxEditLength: maxChanged,
  });
  if (!patch) return "[too much differs to be shown]";
  const above = countBreaks(before, start);
  const shown = patch.hunks.flatMap(({ oldStart, newStart, lines }) => {
    // A missing line break at the end has a line of its own, which is none of the text.
    const rows = lines.filter((line) => !line.startsWith("\\"));
    const place = `@@ -${above + oldStart} +${above + newStart} @@`;
    return [place, ...rows.map((line) => `${line[0]} ${cut(line.slice(1))}`)];
  });
  if (shown.length <= maxRows) return shown.join("\n");
  return [...shown.slice(0, maxRows), `[${shown.length - maxRows} more lines of difference]`].join("\n");
}

/** The part that differs, in whole lines, with those around it that are shown: in 300,000 lines that are alike the library takes a second. */
function findChange(before: string, after: string): { start: number; oldEnd: number; newEnd: number } {
  const shorter = Math.min(before.length, after.length);
  let same = 0;
  while (before.slice(same, same + step) === after.slice(same, same + step) && same + step <= shorter)
    same += step;
  while (same < shorter && before.charCodeAt(same) === after.charCodeAt(same)) same++;
  const rest = shorter - same;
  let tail = 0;
  const endsAlike = (length: number): boolean =>
    before.slice(before.length - tail - length, before.length - tail) ===
    after.slice(after.length - tail - length, after.length - tail);
  while (tail + step <= rest && endsAlike(step)) tail += step;
  while (tail < rest && endsAlike(1)) tail++;
  let start = same;
  for (let line = 0; line <= context && start > 0; line++) start = before.lastIndexOf("\n", start - 1);
  let oldEnd = before.length - tail;
  for (let line = 0; line <= context && oldEnd < before.length; line++) {
    const end = before.indexOf("\n", oldEnd);
    oldEnd = end < 0 ? before.length : end + 1;
  }
  return {
    start: Math.max(0, start + (start > 0 ? 1 : 0)),
    oldEnd,
    newEnd: oldEnd + after.length - before.length,
  };
}

function countBreaks(text: string, end: number): number {
  let count = 0;
  for (let place = text.indexOf("\n"); place >= 0 && place < end; place = text.indexOf("\n", place + 1))
    count++;
  return count;
}

function cut(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  return text.length > maxLineLength
    ? `${text.slice(0, maxLineLength).toWellFormed()} [line cut here]`
    : text;
}
