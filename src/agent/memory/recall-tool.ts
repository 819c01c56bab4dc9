import { z } from "zod";
import { ApiError } from "../../protocol/error.ts";
import { cleanText } from "../../protocol/text.ts";
import { defineTool, failure } from "../tools/define-tool.ts";
import type { Tool } from "../tools/tool.ts";
import { nameFile } from "./describe-memory.ts";
import { firstLineOf } from "./load-memory.ts";
import { listMemory, readMemoryStart } from "./memory-folder.ts";
import { badPath, toMemoryPath } from "./remember-tool.ts";

/** Of what is shown, bytes. */
const maxBytes = 48 * 1024;
/** Read of each file for the list. */
const startBytes = 512;

/** Reads the user's memory. */
export const recallTool: Tool = defineTool({
  name: "recall",
  description:
    "Read a file of the user's memory, for what the prompt only names; without a path, list all of its files with how they begin.",
  effect: "pure",
  parameters: z.object({
    path: z.string().optional().describe("the file in memory, such as projects/budget.md"),
  }),
  async execute({ path }, { userRoot }) {
    if (path === undefined || path.trim() === "") {
      const entries = await listMemory(userRoot);
      if (entries.length === 0) return "Nothing is remembered.";
      const lines = await Promise.all(
        entries.map(async (entry) => {
          const start = await readMemoryStart(userRoot, entry.path, startBytes);
          return nameFile({ ...entry, firstLine: firstLineOf(cleanText(start?.text ?? "")) });
        }),
      );
      return lines.join("\n");
    }
    const file = toMemoryPath(path);
    if (file === null) return failure(badPath(path));
    const read = await readMemoryStart(userRoot, file, maxBytes);
    if (!read)
      throw new ApiError(
        "memory_not_found",
        `${file} is not in memory. Call recall without a path for a list.`,
      );
    if (read.text.trim() === "") return `${file} is empty.`;
    return `${cleanText(read.text)}${read.isWhole ? "" : "\n[cut here: the file is longer than can be shown]"}`;
  },
});
