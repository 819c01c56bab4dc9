import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { OpenedFile } from "../../../workspace/directory.ts";
import { type CurrentFile, maxHashed, maxKept } from "./versions/seen-files.ts";

export const maxLines = 2000;
/** Of what is shown; some 12,000 tokens, in English as in Chinese. */
export const maxShownBytes = 48 * 1024;
const maxLineLength = 2000;
/** How far lines are counted beyond what is shown, bytes. */
const maxScan = 16 * 1024 * 1024;
const chunkSize = 64 * 1024;

/** Lines of a file as they are shown, and what the file was like when they were read. */
export interface LineRange {
  lines: string[];
  /** Lines seen; the file has more where `isWhole` is false. */
  totalLines: number;
  isWhole: boolean;
  file: Pick<CurrentFile, "mark" | "bytes">;
}

/** Reads a range of lines in one pass, numbered. Throws the signal's reason. */
export async function readLines(
  { handle, size, version }: OpenedFile,
  encoding: string,
  { offset, limit }: { offset: number; limit: number },
  signal: AbortSignal,
): Promise<LineRange> {
  const decoder = new TextDecoder(encoding);
  const buffer = Buffer.alloc(Math.min(chunkSize, size + 1));
  const record = size <= maxHashed ? createRecord() : undefined;
  const lines: string[] = [];
  let bytes = 0;
  let isFull = false;
  let totalLines = 0;
  const takeLine = (line: string): void => {
    totalLines++;
    if (totalLines < offset || isFull) return;
    const shown = `${totalLines}\t${cutLine(line)}`;
    bytes += Buffer.byteLength(shown) + 1;
    isFull = bytes > maxShownBytes && lines.length > 0;
    if (!isFull) lines.push(shown);
    isFull ||= lines.length === limit;
  };

  let rest = "";
  let position = 0;
  let scanned = 0;
  for (;;) {
    signal.throwIfAborted();
    const chunk = await readChunk(handle, buffer, position);
    record?.add(chunk);
    const text = rest + decoder.decode(chunk, { stream: chunk.length > 0 });
    position += chunk.length;
    const parts = text.split("\n");
    // Of a line without end only what can be shown is kept.
    rest = (parts.pop() ?? "").slice(0, maxLineLength + 1);
    for (const part of parts) takeLine(part);
    if (chunk.length === 0) break;
    if (isFull) scanned += chunk.length;
    if (scanned > maxScan) return { lines, totalLines, isWhole: false, file: { mark: version, bytes: null } };
  }
  if (rest !== "") takeLine(rest);
  return { lines, totalLines, isWhole: true, file: record?.finish() ?? { mark: version, bytes: null } };
}

/** The hash of what passes by, and all of it where it is not much. */
function createRecord(): { add(chunk: Buffer): void; finish(): LineRange["file"] } {
  const hash = createHash("sha256");
  const chunks: Buffer[] = [];
  let length = 0;
  return {
    add(chunk) {
      hash.update(chunk);
      length += chunk.length;
      if (length <= maxKept) chunks.push(Buffer.from(chunk));
    },
    finish: () => ({ mark: hash.digest("hex"), bytes: length <= maxKept ? Buffer.concat(chunks) : null }),
  };
}

function cutLine(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  return text.length > maxLineLength ? `${text.slice(0, maxLineLength)} [line cut here]` : text;
}

/** The first bytes of a file, enough to tell what it is. */
export function readStart({ handle }: OpenedFile): Promise<Buffer> {
  return readChunk(handle, Buffer.alloc(chunkSize), 0);
}

async function readChunk(handle: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
  return buffer.subarray(0, bytesRead);
}

/** The encoding of text that starts so, or null where it is none. GB18030 is what Chinese spreadsheets export. */
export function detectEncoding(start: Buffer): string | null {
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
