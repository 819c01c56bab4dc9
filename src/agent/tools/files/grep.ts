import { z } from "zod";
import { countMatches, searchText } from "../../../workspace/search/search-text.ts";
import { defineTool, relativePath, showPath } from "../define-tool.ts";
import type { Tool, ToolContext } from "../tool.ts";
import { acceptNames } from "./accept-names.ts";

const usualLimit = 200;
const maxLimit = 1_000;
const maxContext = 20;
const maxBytes = 32 * 1024;

const parameters = z.object({
  pattern: z
    .string()
    .min(1)
    .describe("a regular expression; escape ( ) [ ] { } . * + ? | to mean themselves"),
  path: z.string().default("").describe("the folder or file to search, the working directory by default"),
  glob: z.string().optional().describe("only files of this pattern, such as *.txt"),
  ignore_case: z.boolean().default(false).describe("whether capital and small letters are the same"),
  output: z
    .enum(["lines", "files", "count"])
    .default("lines")
    .describe("matching lines, only the files that have some, or how many each file has"),
  context: z.int().min(0).max(maxContext).default(0).describe("lines to show before and after each match"),
  multiline: z.boolean().default(false).describe("whether a match may go over several lines"),
  offset: z.int().min(0).default(0).describe("how many results to pass over"),
  limit: z.int().min(1).max(maxLimit).default(usualLimit).describe("how many results at most"),
});
type GrepInput = z.infer<typeof parameters>;

/** Finds lines of text files by a regular expression. */
export const grepTool: Tool = defineTool({
  name: "grep",
  description:
    "Search text files for a regular expression; each match comes as path:line:text. Hidden files, binary files and what .gitignore names are left out.",
  effect: "pure",
  parameters,
  accept: acceptOtherGrep,
  subject: ({ path }) => ({ kind: "path", text: path }),
  async execute(input, context) {
    const place = relativePath(input.path, context);
    return input.output === "lines" ? grepLines(input, place, context) : grepFiles(input, place, context);
  },
});

const otherOutputs: Record<string, string> = { content: "lines", files_with_matches: "files" };

/** The arguments of other agents' search tools, and of grep itself. */
function acceptOtherGrep(given: Record<string, unknown>): Record<string, unknown> {
  const input = acceptNames(given, {
    "-i": "ignore_case",
    case_insensitive: "ignore_case",
    "-C": "context",
    "-A": "context",
    "-B": "context",
    output_mode: "output",
    head_limit: "limit",
    include: "glob",
  });
  const { output } = input;
  if (typeof output !== "string" || !Object.hasOwn(otherOutputs, output)) return input;
  return { ...input, output: otherOutputs[output] };
}

async function grepLines(input: GrepInput, path: string, context: ToolContext): Promise<string> {
  const { pattern, glob, ignore_case, multiline, offset, limit } = input;
  const search = { pattern, path, glob, ignoreCase: ignore_case, multiline, context: input.context };
  const { lines, count, isPartial } = await searchText(
    context.sandbox,
    context.directory,
    { ...search, skip: offset, maxMatches: limit },
    context.signal,
  );
  if (lines.length === 0) return nothing(path, count, isPartial);
  const shown = createList();
  let matches = 0;
  let before: (typeof lines)[number] | undefined;
  for (const line of lines) {
    const isApart = before && (before.path !== line.path || line.line > before.line + 1);
    if (isApart && input.context > 0 && !shown.add("--")) break;
    const mark = line.isMatch ? ":" : "-";
    if (!shown.add(`${showPath(line.path)}${mark}${line.line}${mark}${line.text}`)) break;
    if (line.isMatch) matches++;
    before = line;
  }
  return shown.finish(describeRest("matches", offset, matches, count, isPartial));
}

async function grepFiles(input: GrepInput, path: string, context: ToolContext): Promise<string> {
  const { pattern, glob, ignore_case, multiline, offset, limit, output } = input;
  const { files, isPartial } = await countMatches(
    context.sandbox,
    context.directory,
    { pattern, path, glob, ignoreCase: ignore_case, multiline, onlyFiles: output === "files" },
    context.signal,
  );
  const wanted = files.slice(offset, offset + limit);
  if (wanted.length === 0) return nothing(path, files.length, isPartial);
  const shown = createList();
  let count = 0;
  for (const file of wanted) {
    if (!shown.add(output === "files" ? showPath(file.path) : `${showPath(file.path)}:${file.count}`)) break;
    count++;
  }
  return shown.finish(describeRest("files", offset, count, files.length, isPartial));
}

function nothing(path: string, count: number, isPartial: boolean): string {
  if (count > 0) return `There are only ${count} results; use a smaller offset.`;
  if (isPartial) return "The search took too long and found nothing so far. Narrow the path or the glob.";
  return `No line in ${showPath(path)} matches.`;
}

function describeRest(
  what: string,
  offset: number,
  shown: number,
  count: number,
  isPartial: boolean,
): string {
  const end = offset + shown;
  if (offset === 0 && end === count && !isPartial) return "";
  const total = isPartial ? `more than ${count}, of which some may come before these` : `${count}`;
  const more =
    end < count ? `; continue with offset ${end}, or narrow the pattern, the path or the glob` : "";
  return `[${what} ${offset + 1}-${end} of ${total}${more}]`;
}

/** Lines within the bound of a result. */
function createList(): { add(line: string): boolean; finish(note: string): string } {
  const lines: string[] = [];
  let bytes = 0;
  return {
    add(line) {
      bytes += Buffer.byteLength(line) + 1;
      if (bytes > maxBytes && lines.length > 0) return false;
      lines.push(line);
      return true;
    },
    finish: (note) => (note === "" ? lines : [...lines, note]).join("\n"),
  };
}
