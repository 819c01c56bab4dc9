import { isMemoryPath } from "../../protocol/agent/memory.ts";
import { ApiError } from "../../protocol/error.ts";
import type { Directory, Entry } from "../../workspace/directory.ts";

/** Below a user's root. */
export const memoryFolder = ".memory";
/** Of one user. */
export const maxMemoryFiles = 200;
/** The one that is read first. */
export const mainMemoryFile = "MEMORY.md";

const maxDepth = 4;

export interface MemoryEntry {
  /** Relative to `.memory/`. */
  path: string;
  /** bytes */
  size: number;
  modifiedAt: Date;
}

/** The files of a user's memory: MEMORY.md, then the others by name. What is missing or cannot be read has none. */
export async function listMemory(root: Directory): Promise<MemoryEntry[]> {
  const found: MemoryEntry[] = [];
  await collect(root, "", maxDepth, found);
  const main = found.findIndex(({ path }) => path === mainMemoryFile);
  if (main > 0) found.unshift(...found.splice(main, 1));
  return found;
}

async function collect(root: Directory, within: string, depth: number, found: MemoryEntry[]): Promise<void> {
  const entries = await root.list(`${memoryFolder}/${within}`).catch(ignoreUnreadable);
  for (const entry of (entries ?? []).sort(byName)) {
    if (found.length >= maxMemoryFiles) return;
    const path = `${within}${entry.name}`;
    if (entry.name.startsWith(".")) continue;
    if (entry.isDirectory && depth > 1) await collect(root, `${path}/`, depth - 1, found);
    else if (entry.isFile && isMemoryPath(path))
      found.push({ path, size: entry.size, modifiedAt: entry.modifiedAt });
  }
}

/** The start of a file as text; null where it cannot be read. */
export async function readMemoryStart(
  root: Directory,
  path: string,
  bytes: number,
): Promise<{ text: string; isWhole: boolean } | null> {
  const file = await root.open(`${memoryFolder}/${path}`).catch(ignoreUnreadable);
  if (!file) return null;
  try {
    const { buffer, bytesRead } = await file.handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    const isWhole = bytesRead >= file.size;
    // As a stream: half a character at the cut is dropped.
    const text = new TextDecoder().decode(buffer.subarray(0, bytesRead), { stream: !isWhole });
    return { text, isWhole };
  } finally {
    await file.handle.close();
  }
}

function byName(left: Entry, right: Entry): number {
  return left.name < right.name ? -1 : 1;
}

function ignoreUnreadable(error: unknown): null {
  if (error instanceof ApiError) return null;
  throw error;
}
