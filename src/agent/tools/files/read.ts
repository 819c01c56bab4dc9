import type { FileHandle } from "node:fs/promises";
import { z } from "zod";
import { defineTool, failure, relativePath, showPath, showSize } from "../define-tool.ts";
import type { Tool } from "../tool.ts";

const maxLines = 2000;
/** Of what is shown; some 12,000 tokens, in English as in Chinese. */
const maxBytes = 48 * 1024;
const maxLineLength = 2000;
/** How far lines are counted beyond what is shown, bytes. */
const maxScan = 16 * 1024 * 1024;
const chunkSize = 64 * 1024;

/** Reads a range of lines of a text file. */
export const readTool: Tool = defineTool({
  name: "read",
  description: `Read a text file. Lines come numbered from 1, at most ${maxLines} at a time; use offset and limit for more of a long file. The line numbers are not part of the file.`,
  effect: "pure",
  parameters: z.object({
    path: z.string().describe("path of the file, relative to the working directory"),
    offset: z.int().min(1).default(1).describe("number of the first line to read"),
    limit: z.int().min(1).max(maxLines).default(maxLines).describe("how many lines to read at most"),
  }),
  async execute({ path, offset, limit }, { directory, sandbox, signal }) {
    const file = await directory.open(relativePath(path, { directory, sandbox }));
    try {
      const start = await readChunk(file.handle, Buffer.alloc(chunkSize), 0);
      const encoding = detectEncoding(start);
      const name = showPath(path);
      if (!encoding) {
        return failure(`${name} is not text but ${describeKind(start)}, ${showSize(file.size)}.`);
      }
      const range = await readRange(file.handle, encoding, { offset, limit }, signal);
      if (range.totalLines === 0) return `${name} is empty.`;
      if (range.lines.length === 0) return failure(`${name} has only ${range.totalLines} lines.`);
      return renderRange(range, offset, encoding);
    } finally {
      await file.handle.close();
    }
  },
});

interface LineRange {
  lines: string[];
  /** Lines seen; the file has more where `isWhole` is false. */
  totalLines: number;
  isWhole: boolean;
}

async function readRange(
  handle: FileHandle,
  encoding: string,
  { offset, limit }: { offset: number; limit: number },
  signal: AbortSignal,
): Promise<LineRange> {
  const decoder = new TextDecoder(encoding);
  const buffer = Buffer.alloc(chunkSize);
  const lines: string[] = [];
  let bytes = 0;
  let isFull = false;
  let totalLines = 0;
  const takeLine = (line: string): void => {
    totalLines++;
    if (totalLines < offset || isFull) return;
    const shown = `${totalLines}\t${cutLine(line)}`;
    bytes += Buffer.byteLength(shown) + 1;
    isFull = bytes > maxBytes && lines.length > 0;
    if (!isFull) lines.push(shown);
    isFull ||= lines.length === limit;
  };

  let rest = "";
  let position = 0;
  let scanned = 0;
  for (;;) {
    signal.throwIfAborted();
    const chunk = await readChunk(handle, buffer, position);
    const text = rest + decoder.decode(chunk, { stream: chunk.length > 0 });
    position += chunk.length;
    const parts = text.split("\n");
    // Of a line without end only what can be shown is kept.
    rest = (parts.pop() ?? "").slice(0, maxLineLength + 1);
    for (const part of parts) takeLine(part);
    if (chunk.length === 0) break;
    if (isFull) scanned += chunk.length;
    if (scanned > maxScan) return { lines, totalLines, isWhole: false };
  }
  if (rest !== "") takeLine(rest);
  return { lines, totalLines, isWhole: true };
}

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

function cutLine(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  return text.length > maxLineLength ? `${text.slice(0, maxLineLength)} [line cut here]` : text;
}

async function readChunk(handle: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
  return buffer.subarray(0, bytesRead);
}

/** The encoding of text that starts so, or null where it is none. GB18030 is what Chinese spreadsheets export. */
function detectEncoding(start: Buffer): string | null {
  if (start[0] === 0xff && start[1] === 0xfe) return "utf-16le";
  if (start[0] === 0xfe && start[1] === 0xff) return "utf-16be";
  if (start.includes(0)) return null;
  for (const encoding of ["utf-8", "gb18030"]) {
    try {
      new TextDecoder(encoding, { fatal: true }).decode(start, { stream: true });
      return encoding;
    } catch {
      // try the next
    }
  }
  return null;
}

const signatures: [start: string, kind: string][] = [
  ["%PDF", "a PDF document"],
  ["PK\u0003\u0004", "a zip archive or an Office document (.docx, .xlsx, .pptx)"],
  ["\u00d0\u00cf\u0011\u00e0", "an old Office document (.doc, .xls, .ppt)"],
  ["\u0089PNG", "a PNG image"],
  ["\u00ff\u00d8\u00ff", "a JPEG image"],
  ["GIF8", "a GIF image"],
  ["RIFF", "a RIFF file (WebP, WAV, AVI)"],
  ["\u001f\u008b", "gzip-compressed data"],
  ["SQLite format 3", "an SQLite database"],
  ["\u007fELF", "a program"],
];

function describeKind(start: Buffer): string {
  const text = start.subarray(0, 16).toString("latin1");
  return signatures.find(([signature]) => text.startsWith(signature))?.[1] ?? "binary data";
}
