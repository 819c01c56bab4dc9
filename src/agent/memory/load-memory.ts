import { ApiError } from "../../protocol/error.ts";
import { cleanText } from "../../protocol/text.ts";
import type { Directory } from "../../workspace/directory.ts";
import {
  listMemory,
  type MemoryEntry,
  mainMemoryFile,
  memoryFolder,
  readMemoryStart,
} from "./memory-folder.ts";

/** What memory may take of a prompt, bytes of text. */
const maxBytes = 16 * 1024;
/** A file up to this size stands in the prompt as it is, of a larger one its first line; bytes. */
const maxWholeBytes = 4 * 1024;
const maxMainBytes = 8 * 1024;
/** Of the lines that name files. */
const maxNamedBytes = 3 * 1024;
const maxFirstLineLength = 120;

/** What a prompt tells of one file. */
export interface RememberedFile {
  path: string;
  size: number;
  /** The whole text, or the start of MEMORY.md; null: only its first line is shown. */
  text: string | null;
  isWhole: boolean;
  firstLine: string;
}

/** A user's memory as a prompt shows it. */
export interface MemoryView {
  files: RememberedFile[];
  /** How many more there are. */
  more: number;
}

type Start = Pick<RememberedFile, "firstLine" | "isWhole"> & { text: string };
/** The starts of files, by root and path, as long as they stay the same. */
const known = new WeakMap<Directory, Map<string, { version: string; start: Start }>>();

/** How long a view is good while the folder itself stays the same, milliseconds: a burst of runs lists it once. */
const patienceMs = 1_000;

interface KnownView {
  version: number;
  at: number;
  view: Promise<MemoryView>;
}

const views = new WeakMap<Directory, KnownView>();

/**
 * Reads what a prompt shows of a user's memory. What is written by `writeMemory` here, or comes and goes, is seen at once; what
 * changes in another way, after a moment.
 */
export async function loadMemory(root: Directory): Promise<MemoryView> {
  const folder = await root.stat(memoryFolder).catch((error: unknown) => {
    if (error instanceof ApiError) return null;
    throw error;
  });
  if (!folder) return { files: [], more: 0 };
  const version = folder.modifiedAt.getTime();
  const now = performance.now();
  const known = views.get(root);
  if (known?.version === version && now - known.at < patienceMs) return await known.view;
  const view = readView(root);
  views.set(root, { version, at: now, view });
  view.catch(() => views.delete(root));
  return await view;
}

async function readView(root: Directory): Promise<MemoryView> {
  const entries = await listMemory(root);
  const starts = await Promise.all(entries.map((entry) => readStart(root, entry)));
  const files: RememberedFile[] = [];
  let room = maxBytes;
  let roomForNames = maxNamedBytes;
  for (const [index, { path, size }] of entries.entries()) {
    const start = starts[index];
    if (!start || start.text.trim() === "") continue;
    const { text, isWhole, firstLine } = start;
    const bytes = Buffer.byteLength(text);
    const isShown = bytes <= room && (isWhole || path === mainMemoryFile);
    const named = Buffer.byteLength(path) + Buffer.byteLength(firstLine);
    if (!isShown && named > roomForNames) continue;
    if (isShown) room -= bytes;
    else roomForNames -= named;
    files.push({ path, size, text: isShown ? text : null, isWhole, firstLine });
  }
  const told = new Set(files.map(({ path }) => path));
  const isEmpty = (index: number) => starts[index]?.text.trim() === "";
  return { files, more: entries.filter(({ path }, index) => !told.has(path) && !isEmpty(index)).length };
}

async function readStart(root: Directory, entry: MemoryEntry): Promise<Start | null> {
  const ofRoot = known.get(root) ?? new Map<string, { version: string; start: Start }>();
  known.set(root, ofRoot);
  const version = `${entry.size}-${entry.modifiedAt.getTime()}`;
  const before = ofRoot.get(entry.path);
  if (before?.version === version) return before.start;
  const limit = entry.path === mainMemoryFile ? maxMainBytes : maxWholeBytes;
  const read = await readMemoryStart(root, entry.path, limit);
  if (!read) return null;
  const text = cleanText(read.text).trim();
  const start = { text, isWhole: read.isWhole, firstLine: firstLineOf(text) };
  if (ofRoot.size > 1_000) ofRoot.clear();
  ofRoot.set(entry.path, { version, start });
  return start;
}

/** For whoever changes a file: times of files may be too coarse to tell. */
export function forgetMemory(root: Directory, path: string): void {
  known.get(root)?.delete(path);
  views.delete(root);
}

/** The first line that says something, without its marks. */
export function firstLineOf(text: string): string {
  const line = text.split("\n").find((each) => /[\p{L}\p{N}]/u.test(each)) ?? "";
  const plain = line.replace(/^[#>*\s-]+/, "").trim();
  return plain.length > maxFirstLineLength ? `${plain.slice(0, maxFirstLineLength).toWellFormed()}…` : plain;
}
