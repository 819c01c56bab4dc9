import { z } from "zod";
import { defineTool, relativePath, showPath, showSize } from "../define-tool.ts";
import type { Tool } from "../tool.ts";

/** Writes a whole text file. */
export const writeTool: Tool = defineTool({
  name: "write",
  description:
    "Write a whole text file, replacing what was there; folders are made as needed. To change a part of a file, use edit.",
  effect: "idempotent",
  parameters: z.object({
    path: z.string().min(1).describe("path of the file, relative to the working directory"),
    content: z.string().describe("the whole new content"),
  }),
  async execute({ path, content }, { directory, sandbox }) {
    await directory.writeText(relativePath(path, { directory, sandbox }), content);
    return `Wrote ${showPath(path)} (${showSize(Buffer.byteLength(content))}).`;
  },
});
