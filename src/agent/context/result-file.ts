import { createHash } from "node:crypto";
import type { Directory } from "../../workspace/directory.ts";

/** Of the name a result is asked to be kept under, characters. */
const maxNameLength = 60;

/**
 * Where a result stands that is too large for a conversation, relative to the working directory. The text is part of the
 * name: tasks share directories, and one result must not take the place of another.
 */
export function resultPath(name: string, text: string): string {
  const clean = name.replace(/[^\p{L}\p{N}_-]+/gu, "-").slice(0, maxNameLength);
  return `.zcbot/results/${clean}-${createHash("sha256").update(text).digest("hex").slice(0, 8)}.txt`;
}

/**
 * Writes a large result to a file of the working directory that the model can look into with `read` and `grep`, and
 * gives its path there. The same text under the same name is the same file. Throws as `Directory` does.
 */
export async function keepResult(directory: Directory, name: string, text: string): Promise<string> {
  const path = resultPath(name, text);
  await directory.writeText(path, text);
  return path;
}
