import { ApiError } from "../../../../protocol/error.ts";
import type { MessageNotes } from "../../../../protocol/message.ts";
import type { Directory, OpenedFile } from "../../../../workspace/directory.ts";
import { hashContent, keepContent, readKept } from "../../../../workspace/kept/kept-content.ts";
import { failure, showPath } from "../../define-tool.ts";
import type { ToolContext, ToolOutcome } from "../../tool.ts";
import { diffLines } from "./line-diff.ts";

/** Up to this size a change can be shown, bytes; of a larger file it can be said. */
export const maxKept = 2 ** 20;
/** Up to this size a file is known by its content, bytes; above, by its place and its times. */
export const maxHashed = 10 * 2 ** 20;
const maxRows = 120;
const headLines = 30;
const maxHead = 4_000;

/** A file as it is now. */
export interface CurrentFile {
  /** Where it is, after links: the name it is known under. */
  path: string;
  /** What changes when it does. */
  mark: string;
  /** Changes also when the same is written anew. */
  version: string;
  /** Null for a large one. */
  bytes: Buffer | null;
  size: number;
}

/** The file at a path; null where there is nothing. Throws what the path causes. */
export async function lookAt(directory: Directory, path: string): Promise<CurrentFile | null> {
  let file: OpenedFile;
  try {
    file = await directory.open(path);
  } catch (error) {
    if (error instanceof ApiError && error.code === "path_not_found") return null;
    throw error;
  }
  try {
    const { path: place, version, size } = file;
    if (size > maxHashed) return { path: place, mark: version, version, bytes: null, size };
    const bytes = await file.handle.readFile();
    return { path: place, mark: hashContent(bytes), version, bytes, size };
  } finally {
    await file.handle.close();
  }
}

/** The name that a file is known under; where a part of the way is missing, the path as it is given. */
export async function placeOf(directory: Directory, path: string): Promise<string> {
  try {
    return await directory.resolve(path);
  } catch (error) {
    if (error instanceof ApiError && error.code === "path_not_found") return path;
    throw error;
  }
}

/** What the model last saw or wrote there; undefined where it never did. */
export function lastSeen(
  { conversation }: Pick<ToolContext, "conversation">,
  path: string,
): string | undefined {
  for (let index = conversation.length - 1; index >= 0; index--) {
    const seen = conversation[index]?.notes?.seen;
    // A file may be called "constructor".
    if (seen && Object.hasOwn(seen, path)) return seen[path];
  }
  return undefined;
}

/** What is noted of a file that the model has seen, or has written; its content is kept, to show changes by. */
export async function noteSeen(
  { userRoot }: Pick<ToolContext, "userRoot">,
  { path, mark, bytes }: Pick<CurrentFile, "path" | "mark" | "bytes">,
): Promise<MessageNotes> {
  if (bytes && bytes.length <= maxKept) await keepContent(userRoot, bytes);
  return { seen: { [path]: mark } };
}

/**
 * The refusal of a change that is based on another version than there is; the present one counts as seen from then on.
 * Null where the file is as the model knows it.
 */
export async function refuseStale(
  context: ToolContext,
  current: CurrentFile,
  action: "edited" | "written",
): Promise<ToolOutcome | null> {
  const seen = lastSeen(context, current.path);
  if (seen === current.mark || (seen === undefined && action === "edited")) return null;
  const notes = await noteSeen(context, current);
  const name = showPath(current.path);
  if (seen === undefined) {
    const head = showHead(current.bytes);
    return {
      ...failure(
        `${name} exists already (${current.size} bytes), and you have not read it; nothing was written. ${head}\nIf it is to be replaced, repeat the call; to change a part of it, use edit.`,
      ),
      notes,
    };
  }
  const difference = await describeChange(context, seen, current);
  return {
    ...failure(
      `${name} has changed since you last saw it: by the person, another task, or a command (perhaps one of yours). Nothing was ${action}. ${difference}\nThis version counts as seen now: repeat the call, adapted where needed.`,
    ),
    notes,
  };
}

async function describeChange(
  { userRoot }: ToolContext,
  seen: string,
  current: CurrentFile,
): Promise<string> {
  const before = asText(await readKept(userRoot, seen));
  const now = current.bytes && current.bytes.length <= maxKept ? asText(current.bytes) : null;
  if (before === null || now === null) return "The difference cannot be shown; read the file again.";
  return `What changed since ("-" is what you saw, "+" what is there now):\n${diffLines(before, now, maxRows)}`;
}

function showHead(bytes: Buffer | null): string {
  const text = asText(bytes);
  if (text === null) return "It is no text.";
  const lines = text.slice(0, maxHead).toWellFormed().split("\n");
  const isWhole = text.length <= maxHead && lines.length <= headLines;
  const head = lines.slice(0, headLines).join("\n");
  return `${isWhole ? "It holds" : "It begins"}:\n${head}${isWhole ? "" : "\n[...]"}`;
}

function asText(bytes: Buffer | null): string | null {
  if (bytes === null || bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
