import { ApiError } from "../protocol/error.ts";
import { cleanText } from "../protocol/text.ts";
import type { Directory } from "../workspace/directory.ts";

const folder = ".memory";
/** What a prompt can spare, bytes of text. */
const maxBytes = 16 * 1024;
const maxDepth = 4;
const maxFiles = 200;
/** Of one folder. */
const maxEntries = 1_000;

/**
 * What the user wants remembered across tasks: the markdown files under `.memory/` of the user's own
 * root, each under its name and in the order of their names. "" where there are none; what does not
 * fit is named.
 */
export async function loadMemory(userRoot: Directory): Promise<string> {
  const paths: string[] = [];
  await collectFiles(userRoot, folder, maxDepth, paths);
  const parts: string[] = [];
  const leftOut: string[] = [];
  let budget = maxBytes;
  for (const path of paths) {
    const file = budget > 0 ? await readStart(userRoot, path, budget) : null;
    if (file === null) {
      leftOut.push(path);
      continue;
    }
    budget = file.isWhole ? budget - Buffer.byteLength(file.text) : 0;
    const cut = file.isWhole ? "" : "\n[the rest of this file is left out]";
    if (file.text.trim() !== "") parts.push(`## ${path}\n\n${file.text.trim()}${cut}`);
  }
  if (leftOut.length > 0)
    parts.push(`[left out: ${leftOut.slice(0, 20).join(", ")}${leftOut.length > 20 ? " ..." : ""}]`);
  return parts.join("\n\n");
}

async function collectFiles(root: Directory, path: string, depth: number, found: string[]): Promise<void> {
  const page = { start: 0, size: maxEntries, hidden: true };
  const listed = await root.listPage(path, page).catch(ignoreUnreadable);
  for (const { name, isDirectory } of (listed?.entries ?? []).sort((left, right) =>
    left.name < right.name ? -1 : 1,
  )) {
    if (found.length >= maxFiles) return;
    if (/\p{Cc}/u.test(name)) continue;
    if (isDirectory) {
      if (depth > 1) await collectFiles(root, `${path}/${name}`, depth - 1, found);
    } else if (name.toLowerCase().endsWith(".md")) {
      found.push(`${path}/${name}`);
    }
  }
}

async function readStart(
  root: Directory,
  path: string,
  bytes: number,
): Promise<{ text: string; isWhole: boolean } | null> {
  const file = await root.open(path).catch(ignoreUnreadable);
  if (!file) return null;
  try {
    const { buffer, bytesRead } = await file.handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    const isWhole = bytesRead >= file.size;
    // As a stream: half a character at the cut is dropped.
    const text = new TextDecoder().decode(buffer.subarray(0, bytesRead), { stream: !isWhole });
    return { text: cleanText(text), isWhole };
  } finally {
    await file.handle.close();
  }
}

function ignoreUnreadable(error: unknown): null {
  if (error instanceof ApiError) return null;
  throw error;
}
