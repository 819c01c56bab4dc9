import { z } from "zod";
import { defineTool, failure, relativePath, showPath } from "../define-tool.ts";
import type { Tool } from "../tool.ts";
import { findNearestPassage } from "./nearest-passage.ts";

const maxBytes = 10 * 1024 * 1024;
const maxLinesNamed = 20;
const maxReplaced = 100_000;

/** Replaces an exact passage of a text file. */
export const editTool: Tool = defineTool({
  name: "edit",
  description:
    "Replace a passage of a text file. old_text must be in the file exactly, whitespace included, and only once unless replace_all is set.",
  effect: "workspace",
  parameters: z.object({
    path: z.string().describe("path of the file, relative to the working directory"),
    old_text: z.string().min(1).describe("the passage to replace, without line numbers"),
    new_text: z.string().describe("what stands there afterwards"),
    replace_all: z.boolean().default(false).describe("replace every occurrence"),
  }),
  async execute({ path, old_text, new_text, replace_all }, { directory, sandbox }) {
    const file = relativePath(path, { directory, sandbox });
    const { text } = await directory.readText(file, maxBytes);
    const asInFile = matchLineEnds(text);
    const before = asInFile(old_text);
    const after = asInFile(new_text);
    if (before === after) return failure("old_text and new_text are the same: there is nothing to change.");

    const pieces = splitAtPassage(text, before);
    const name = showPath(path);
    if (!pieces)
      return failure(`old_text is in ${name} more than ${maxReplaced} times; nothing was changed.`);
    const count = pieces.length - 1;
    if (count === 0) {
      return failure(
        `old_text is not in ${name}; nothing was changed.\n${findNearestPassage(text, old_text)}`,
      );
    }
    const lines = lineNumbers(pieces, before);
    if (count > 1 && !replace_all) {
      return failure(
        `old_text is in ${name} ${count} times, on ${lines}; nothing was changed. Add lines around it until it is unique, or set replace_all.`,
      );
    }
    await directory.writeText(file, pieces.join(after));
    return `Edited ${name}: ${count === 1 ? "one replacement" : `${count} replacements`}, on ${lines}.`;
  },
});

/** Models write line feeds; a file that uses carriage returns throughout keeps them. */
function matchLineEnds(text: string): (passage: string) => string {
  const usesReturns = text.includes("\r\n") && !/(^|[^\r])\n/.test(text);
  return (passage) => (usesReturns ? passage.replace(/\r?\n/g, "\r\n") : passage);
}

/**
 * What `text.split(passage)` gives, null for too many pieces, in linear time (Knuth, Morris, Pratt): the engine's own search took minutes for a
 * passage of 10,000 characters that is nearly everywhere in a text of 10 MB.
 */
function splitAtPassage(text: string, passage: string): string[] | null {
  /** How much of the passage is still in place where the character after so much of it does not fit. */
  const kept = new Int32Array(passage.length + 1);
  for (let index = 1, length = 0; index < passage.length; index++) {
    while (length > 0 && passage.charCodeAt(index) !== passage.charCodeAt(length)) length = kept[length] ?? 0;
    if (passage.charCodeAt(index) === passage.charCodeAt(length)) length++;
    kept[index + 1] = length;
  }
  const pieces: string[] = [];
  let start = 0;
  for (let index = 0, length = 0; index < text.length; index++) {
    while (length > 0 && text.charCodeAt(index) !== passage.charCodeAt(length)) length = kept[length] ?? 0;
    if (text.charCodeAt(index) === passage.charCodeAt(length)) length++;
    if (length < passage.length) continue;
    if (pieces.length === maxReplaced) return null;
    pieces.push(text.slice(start, index + 1 - length));
    start = index + 1;
    length = 0;
  }
  pieces.push(text.slice(start));
  return pieces;
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
