import { z } from "zod";
import type { OpenedFile } from "../../../workspace/directory.ts";
import type { PageRange } from "../../../workspace/documents/document-job.ts";
import { isDocument, readDocument } from "../../../workspace/documents/read-document.ts";
import { defineTool, failure, relativePath, showPath, showSize } from "../define-tool.ts";
import type { Tool, ToolContext, ToolOutcome } from "../tool.ts";
import { acceptNames } from "./accept-names.ts";
import {
  detectEncoding,
  type LineRange,
  maxLines,
  maxShownBytes,
  readLines,
  readStart,
} from "./read-lines.ts";
import { isPicture, showPicture } from "./show-picture.ts";
import { noteSeen } from "./versions/seen-files.ts";

const parameters = z.object({
  path: z.string().describe("path of the file, relative to the working directory"),
  offset: z.int().min(1).default(1).describe("first line to read; of a sheet, its first row"),
  limit: z.int().min(1).max(maxLines).default(maxLines).describe("how many lines to read at most"),
  pages: z.string().optional().describe('of a PDF or a presentation: pages or slides, such as "3-7"'),
  sheet: z.string().optional().describe("of a workbook: name of the sheet, by default the first"),
});
type ReadInput = z.infer<typeof parameters>;

/** Reads a range of a file: text, a document as text, or a picture for a model that sees. */
export const readTool: Tool = defineTool({
  name: "read",
  description: `Read a file: text, Word, Excel, PowerPoint and PDF as text, or a picture. Lines of text come numbered from 1, at most ${maxLines} at a time; the numbers are not part of the file. What is left out is said, with how to go on.`,
  effect: "pure",
  parameters,
  accept: (input) =>
    acceptNames(typeof input.pages === "number" ? { ...input, pages: String(input.pages) } : input, {
      file_path: "path",
    }),
  subject: ({ path }) => ({ kind: "path", text: path }),
  async execute(input, context) {
    const skill = await context.skills.door(input.path);
    const file = await (skill
      ? skill.directory.open(skill.path)
      : context.directory.open(relativePath(input.path, context)));
    try {
      const start = await readStart(file);
      if (isPicture(start)) return await showPicture(file, showPath(input.path), context);
      if (isDocument(start)) return await readPages(file, input, context);
      return await readText(file, start, input, context, skill !== null);
    } finally {
      await file.handle.close();
    }
  },
});

async function readText(
  file: OpenedFile,
  start: Buffer,
  { path, offset, limit }: ReadInput,
  context: ToolContext,
  isOfSkill: boolean,
): Promise<ToolOutcome> {
  const encoding = detectEncoding(start);
  const name = showPath(path);
  if (!encoding) return failure(`${name} is not text but ${describeKind(start)}, ${showSize(file.size)}.`);
  const range = await readLines(file, encoding, { offset, limit }, context.signal);
  // A file of a skill is none of the working directory, whatever its path there would be.
  const notes = isOfSkill ? {} : { notes: await noteSeen(context, { path: file.path, ...range.file }) };
  if (range.totalLines === 0) return { content: `${name} is empty.`, isError: false, ...notes };
  if (range.lines.length === 0) return failure(`${name} has only ${range.totalLines} lines.`);
  const content = renderRange(range, offset, encoding);
  const isTable = range.lines.length < range.totalLines && /\.(csv|tsv)$/i.test(path);
  return { content: isTable ? `${content}\n${tableHint}` : content, isError: false, ...notes };
}

const tableHint = "[a large table: to filter or add up, work on the file with a program in bash]";

function renderRange({ lines, totalLines, isWhole }: LineRange, offset: number, encoding: string): string {
  const last = offset + lines.length - 1;
  const notes: string[] = [];
  if (encoding !== "utf-8") notes.push(`[decoded from ${encoding}]`);
  if (offset > 1 || last < totalLines || !isWhole) {
    const total = isWhole ? totalLines : `more than ${totalLines}`;
    const more = last < totalLines || !isWhole ? `; continue with offset ${last + 1}` : "";
    notes.push(`[lines ${offset}-${last} of ${total} shown${more}]`);
  }
  return [...lines, ...notes].join("\n");
}

async function readPages(
  file: OpenedFile,
  { path, offset, limit, pages, sheet }: ReadInput,
  { signal, userRoot }: ToolContext,
): Promise<ToolOutcome> {
  const range = pages === undefined ? undefined : parsePages(pages);
  if (range === null) return failure('pages is a page such as "3", or a range such as "3-7" or "3-".');
  const wanted = { pages: range, sheet, offset, limit, maxBytes: maxShownBytes };
  const { title, lines, notes } = await readDocument(file, wanted, signal, userRoot.hostPath);
  const isBeyond = lines.length === 0 && offset > 1;
  if (isBeyond) return failure(`${showPath(path)} ends before line ${offset}. ${title}.`);
  return { content: [`[${title}]`, ...lines, ...notes].join("\n"), isError: false };
}

function parsePages(text: string): PageRange | null {
  const [, from, dash, to] = /^\s*(\d+)\s*(?:([-–~])\s*(\d*))?\s*$/.exec(text) ?? [];
  const first = Number(from);
  const last = to ? Number(to) : dash ? Number.POSITIVE_INFINITY : first;
  return first >= 1 && last >= first ? { first, last } : null;
}

const signatures: [start: string, kind: string][] = [
  ["RIFF", "a RIFF file (WAV, AVI)"],
  ["BM", "a BMP image"],
  ["II*\0", "a TIFF image"],
  ["MM\0*", "a TIFF image"],
  ["\u001f\u008b", "gzip-compressed data"],
  ["SQLite format 3", "an SQLite database"],
  ["\u007fELF", "a program"],
];

function describeKind(start: Buffer): string {
  const text = start.subarray(0, 16).toString("latin1");
  return signatures.find(([signature]) => text.startsWith(signature))?.[1] ?? "binary data";
}
