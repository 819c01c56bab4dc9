/** Lines shown around a change. */
const context = 2;
const maxLineLength = 300;
/** What is compared line by line, characters. */
const maxChange = 2 ** 20;
/** Characters that are compared at once. */
const step = 4_096;
/** Comparisons after which what is left counts as replaced whole; some 20 ms. */
const maxEffort = 2_000_000;

/** A line of a difference: in both, only before (`-`), only after (`+`). */
interface Row {
  sign: " " | "-" | "+";
  text: string;
}

/**
 * What became of `before` in `after`, as a unified difference with line numbers, in at most `maxRows` lines; "" where
 * nothing did.
 */
export function diffLines(before: string, after: string, maxRows: number): string {
  if (before === after) return "";
  const { start, oldEnd, newEnd } = findChange(before, after);
  if (Math.max(oldEnd, newEnd) - start > maxChange) return "[too much differs to be shown]";
  const [old, now] = [splitLines(before.slice(start, oldEnd)), splitLines(after.slice(start, newEnd))];
  const firstLine = countBreaks(before, start) + 1;
  const shown: string[] = [];
  for (const hunk of splitHunks(compare(old, now), firstLine)) {
    shown.push(`@@ -${hunk.oldLine} +${hunk.newLine} @@`);
    for (const { sign, text } of hunk.rows) shown.push(`${sign} ${cut(text)}`);
  }
  if (shown.length === 0) return "[only the line break at the end differs]";
  if (shown.length <= maxRows) return shown.join("\n");
  return [...shown.slice(0, maxRows), `[${shown.length - maxRows} more lines of difference]`].join("\n");
}

/** The part that differs, in whole lines, with those around it that are shown: what is alike need not become lines. */
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

/** What follows the last line break is a line only if there is something. */
function splitLines(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function compare(old: string[], now: string[]): Row[] {
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  const shorter = Math.min(old.length, now.length) - start;
  while (end < shorter && old[old.length - 1 - end] === now[now.length - 1 - end]) end++;
  const same = (lines: string[]): Row[] => lines.map((text) => ({ sign: " ", text }));
  return [
    ...same(old.slice(0, start)),
    ...compareMiddle(old.slice(start, old.length - end), now.slice(start, now.length - end)),
    ...same(old.slice(old.length - end)),
  ];
}

/** The shortest way from one to the other (Myers, 1986), as long as that is cheap. */
function compareMiddle(old: string[], now: string[]): Row[] {
  const replaced = (): Row[] => [
    ...old.map((text): Row => ({ sign: "-", text })),
    ...now.map((text): Row => ({ sign: "+", text })),
  ];
  if (old.length === 0 || now.length === 0) return replaced();
  const longest = old.length + now.length;
  /** How far each diagonal has come, by steps. */
  const trace: Int32Array[] = [];
  let reached = new Int32Array(3);
  let effort = 0;
  for (let steps = 0; steps <= longest; steps++) {
    const next = new Int32Array(2 * steps + 3);
    for (let diagonal = -steps; diagonal <= steps; diagonal += 2) {
      const isDown = goesDown(reached, steps, diagonal);
      let x = isDown ? at(reached, steps - 1, diagonal + 1) : at(reached, steps - 1, diagonal - 1) + 1;
      if (steps === 0) x = 0;
      while (x < old.length && x - diagonal < now.length && old[x] === now[x - diagonal]) {
        x++;
        effort++;
      }
      next[diagonal + steps + 1] = x;
      if (x >= old.length && x - diagonal >= now.length) return walkBack(old, now, [...trace, next]);
    }
    effort += steps;
    if (effort > maxEffort || steps > 2_000) return replaced();
    trace.push(next);
    reached = next;
  }
  return replaced();
}

/** In the row of `steps` steps; outside of it nothing was reached. */
function at(row: Int32Array, steps: number, diagonal: number): number {
  if (Math.abs(diagonal) > steps) return -1;
  return row[diagonal + steps + 1] ?? -1;
}

/** Whether the best way to the diagonal after so many steps comes by a line that is only new. */
function goesDown(before: Int32Array, steps: number, diagonal: number): boolean {
  if (diagonal === -steps) return true;
  if (diagonal === steps) return false;
  return at(before, steps - 1, diagonal - 1) < at(before, steps - 1, diagonal + 1);
}

function walkBack(old: string[], now: string[], trace: Int32Array[]): Row[] {
  const rows: Row[] = [];
  let [x, y] = [old.length, now.length];
  for (let steps = trace.length - 1; steps > 0; steps--) {
    const before = trace[steps - 1] ?? new Int32Array();
    const diagonal = x - y;
    const isDown = goesDown(before, steps, diagonal);
    const from = isDown ? diagonal + 1 : diagonal - 1;
    const startX = at(before, steps - 1, from);
    const startY = startX - from;
    while (x > startX && y > startY) {
      x--;
      y--;
      rows.push({ sign: " ", text: old[x] ?? "" });
    }
    if (isDown) rows.push({ sign: "+", text: now[--y] ?? "" });
    else rows.push({ sign: "-", text: old[--x] ?? "" });
  }
  while (x > 0) rows.push({ sign: " ", text: old[--x] ?? "" });
  return rows.reverse();
}

interface Hunk {
  oldLine: number;
  newLine: number;
  rows: Row[];
}

function splitHunks(rows: Row[], firstLine: number): Hunk[] {
  const hunks: Hunk[] = [];
  let open: Hunk | undefined;
  let quiet = 0;
  let [oldLine, newLine] = [firstLine, firstLine];
  for (const [index, row] of rows.entries()) {
    if (row.sign !== " ") {
      if (!open) {
        const before = rows.slice(Math.max(0, index - context), index);
        open = { oldLine: oldLine - before.length, newLine: newLine - before.length, rows: before };
        hunks.push(open);
      }
      quiet = 0;
    } else quiet++;
    if (open && quiet > 2 * context) {
      open.rows.length -= context;
      open = undefined;
    } else open?.rows.push(row);
    if (row.sign !== "+") oldLine++;
    if (row.sign !== "-") newLine++;
  }
  if (open && quiet > context) open.rows.length -= quiet - context;
  return hunks;
}

function cut(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  return text.length > maxLineLength
    ? `${text.slice(0, maxLineLength).toWellFormed()} [line cut here]`
    : text;
}
