import { z } from "zod";
import { findFiles } from "../../../workspace/search/find-files.ts";
import { defineTool, relativePath, showPath } from "../define-tool.ts";
import type { Tool } from "../tool.ts";

const maxResults = 500;

/** Finds files by the pattern of their path. */
export const globTool: Tool = defineTool({
  name: "glob",
  description:
    "Find files by a pattern of their path, the most recently modified first: *.md at any depth, data/** below a folder. Hidden files and what .gitignore names are left out.",
  effect: "pure",
  parameters: z.object({
    pattern: z.string().min(1).describe("such as *.csv, reports/**/*.md or *.{png,jpg}"),
    path: z.string().default("").describe("the folder to look in, the working directory by default"),
  }),
  subject: ({ path }) => ({ kind: "path", text: path }),
  async execute({ pattern, path }, { directory, sandbox, signal }) {
    const search = { pattern, path: relativePath(path, { directory, sandbox }), maxResults };
    const { paths, count, isPartial, byTime } = await findFiles(sandbox, directory, search, signal);
    if (isPartial && count === 0) return "The search took too long. Narrow the path.";
    if (paths.length === 0) return `No file in ${showPath(search.path)} matches ${pattern}.`;
    const lines = paths.map(showPath);
    if (count > paths.length || isPartial) {
      const total = `${isPartial ? "more than " : ""}${count}`;
      const order = byTime ? "" : ", sorted by path, as there are too many to sort by time";
      lines.push(`[${paths.length} of ${total} files shown${order}; narrow the pattern or the path]`);
    }
    return lines.join("\n");
  },
});
