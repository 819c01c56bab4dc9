import { z } from "zod";
import { defineTool, failure, relativePath, showPath } from "./define-tool.ts";
import { findNearestPassage } from "./nearest-passage.ts";
import type { Tool } from "./tool.ts";

const maxBytes = 10 * 1024 * 1024;
const maxLinesNamed = 20;

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

    const pieces = text.split(before);
    const count = pieces.length - 1;
    const name = showPath(path);
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
