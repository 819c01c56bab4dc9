import { z } from "zod";
import { searchText } from "../../../workspace/search.ts";
import { defineTool, relativePath, showPath } from "../define-tool.ts";
import type { Tool } from "../tool.ts";

const maxMatches = 200;
const maxBytes = 32 * 1024;

/** Finds lines of text files by a regular expression. */
export const grepTool: Tool = defineTool({
  name: "grep",
  description:
    "Search the lines of text files for a regular expression; each match comes as path:line:text. Hidden files, binary files and what .gitignore names are left out.",
  effect: "pure",
  parameters: z.object({
    pattern: z
      .string()
      .min(1)
      .describe("a regular expression; escape ( ) [ ] { } . * + ? | to mean themselves"),
    path: z.string().default("").describe("the folder or file to search, the working directory by default"),
    glob: z.string().optional().describe("only files of this pattern, such as *.txt"),
    ignore_case: z.boolean().default(false).describe("whether capital and small letters are the same"),
  }),
  async execute({ pattern, path, glob, ignore_case }, { directory, sandbox, signal }) {
    const place = relativePath(path, { directory, sandbox });
    const search = { pattern, path: place, glob, ignoreCase: ignore_case, maxMatches };
    const { matches, truncated } = await searchText(sandbox, directory, search, signal);
    if (matches.length === 0) return `No line in ${showPath(place)} matches.`;

    const lines: string[] = [];
    let bytes = 0;
    for (const match of matches) {
      const line = `${showPath(match.path)}:${match.line}:${match.text}`;
      bytes += Buffer.byteLength(line) + 1;
      if (bytes > maxBytes) break;
      lines.push(line);
    }
    if (truncated || lines.length < matches.length) {
      lines.push(`[only the first ${lines.length} matches shown; narrow the pattern, the path or the glob]`);
    }
    return lines.join("\n");
  },
});
