import { z } from "zod";
import { findFiles } from "../../../workspace/search.ts";
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
  async execute({ pattern, path }, { directory, sandbox, signal }) {
    const search = { pattern, path: relativePath(path, { directory, sandbox }), maxResults };
    const { paths, truncated } = await findFiles(sandbox, directory, search, signal);
    if (paths.length === 0) return `No file in ${showPath(search.path)} matches ${pattern}.`;
    const lines = paths.map(showPath);
    if (truncated) lines.push(`[only ${paths.length} files shown; narrow the pattern or the path]`);
    return lines.join("\n");
  },
});
