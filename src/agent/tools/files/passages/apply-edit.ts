import { findAll, toUnits } from "./find-all.ts";
import { findLoosely } from "./find-passage.ts";
import { findNearestPassage } from "./nearest-passage.ts";

const maxLinesNamed = 20;
const maxReplaced = 100_000;
/** Of a text in which a passage is looked for that is not there exactly, characters: it keeps the whole server waiting. */
const maxLoose = 512 * 1024;

/** A passage of a text and what is to stand there instead. */
export interface Replacement {
  before: string;
  after: string;
  /** Every occurrence, not only one that is unique. */
  all: boolean;
}

/** The text after one replacement with what is to be said of it, or why nothing was changed. `name` is the file's. */
export function applyEdit(
  text: string,
  edit: Replacement,
  name: string,
): { text: string; report: string } | { fault: string } {
  const asInFile = matchLineEnds(text);
  const before = asInFile(edit.before);
  const after = asInFile(edit.after);
  if (before === after) return { fault: "old_text and new_text are the same: there is nothing to change." };
  const pieces = splitAtPassage(text, before);
  if (!pieces)
    return { fault: `old_text is in ${name} more than ${maxReplaced} times; nothing was changed.` };
  const count = pieces.length - 1;
  if (count === 0) return applyLoosely(text, before, after, name) ?? notFound(text, edit.before, name);
  const lines = lineNumbers(pieces, before);
  if (count > 1 && !edit.all) {
    return {
      fault: `old_text is in ${name} ${count} times, on ${lines}; nothing was changed. Add lines around it until it is unique, or set replace_all.`,
    };
  }
  return {
    text: pieces.join(after),
    report: `${count === 1 ? "one replacement" : `${count} replacements`}, on ${lines}.`,
  };
}

function applyLoosely(
  text: string,
  before: string,
  after: string,
  name: string,
): { text: string; report: string } | { fault: string } | null {
  if (text.length > maxLoose || before.length > maxLoose) return null;
  const match = findLoosely(text, before, after);
  if (!match) return null;
  const { start, end, replacement, difference } = match;
  const changed = text.slice(0, start) + replacement + text.slice(end);
  if (changed === text) return { fault: `${name} holds new_text there already; nothing was changed.` };
  const line = countBreaks(text.slice(0, start)) + 1;
  return {
    text: changed,
    report: `one replacement, on line ${line}; old_text differed from the file in ${difference}.`,
  };
}

function notFound(text: string, passage: string, name: string): { fault: string } {
  return { fault: `old_text is not in ${name}; nothing was changed.\n${findNearestPassage(text, passage)}` };
}
/** Models write line feeds; a file that uses carriage returns throughout keeps them. */
function matchLineEnds(text: string): (passage: string) => string {
  const usesReturns = text.includes("\r\n") && !/(^|[^\r])\n/.test(text);
  return (passage) => (usesReturns ? passage.replace(/\r?\n/g, "\r\n") : passage);
}

/** What `text.split(passage)` gives, null for too many pieces. */
function splitAtPassage(text: string, passage: string): string[] | null {
  const places = findAll(toUnits(text), toUnits(passage), maxReplaced);
  if (!places) return null;
  const ends = [...places, text.length];
  return ends.map((end, index) =>
    text.slice(index === 0 ? 0 : (places[index - 1] ?? 0) + passage.length, end),
  );
}

/** The lines that the passages between the pieces start on, as "line 3" or "lines 3, 8 and 12 more". */
function lineNumbers(pieces: string[], passage: string): string {
  const breaksInPassage = countBreaks(passage);
  let line = 1;
  const numbers = pieces.slice(0, -1).map((piece) => {
    line += countBreaks(piece);
    const start = line;
    line += breaksInPassage;
    return start;
  });
  if (numbers.length === 1) return `line ${numbers[0]}`;
  const more = numbers.length - maxLinesNamed;
  return `lines ${numbers.slice(0, maxLinesNamed).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function countBreaks(text: string): number {
  return text.split("\n").length - 1;
}
