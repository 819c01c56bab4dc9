import { z } from "zod";
import { hashContent } from "../../../workspace/kept/kept-content.ts";
import { defineTool, failure, relativePath, showPath, showSize } from "../define-tool.ts";
import type { Tool, ToolContext, ToolOutcome } from "../tool.ts";
import { acceptNames } from "./accept-names.ts";
import { inTurn, replaceFile } from "./versions/replace-file.ts";
import {
  type CurrentFile,
  lastSeen,
  lookAt,
  maxHashed,
  noteSeen,
  refuseStale,
} from "./versions/seen-files.ts";

/** Writes a whole text file; not over what the model has not seen. */
export const writeTool: Tool = defineTool({
  name: "write",
  description:
    "Write a whole text file; folders are made as needed. A file that is there is replaced, if you have read it as it is now. To change a part of a file, use edit.",
  effect: "idempotent",
  parameters: z.object({
    path: z.string().min(1).describe("path of the file, relative to the working directory"),
    content: z.string().describe("the whole new content"),
  }),
  accept: (input) => acceptNames(input, { file_path: "path", text: "content", contents: "content" }),
  subject: ({ path }) => ({ kind: "path", text: path }),
  async execute({ path, content }, context) {
    const file = relativePath(path, context);
    return inTurn(context.directory, file, () => writeFile(file, Buffer.from(content), context));
  },
});

async function writeFile(file: string, content: Buffer, context: ToolContext): Promise<ToolOutcome> {
  const { directory } = context;
  for (let attempt = 0; attempt < 3; attempt++) {
    const current = await lookAt(directory, file);
    // What was written before a crash, and what nobody would miss, is nobody else's change.
    const isHarmless = !current || current.size === 0 || current.bytes?.equals(content);
    const refusal = current && !isHarmless ? await refuseStale(context, current, "written") : null;
    if (refusal) return refusal;
    if (!current?.bytes?.equals(content) && !(await replaceFile(directory, file, content, current))) continue;
    return written(file, content, current, context);
  }
  return failure(`${showPath(file)} is being changed by somebody else at this moment; nothing was written.`);
}

async function written(
  file: string,
  content: Buffer,
  before: CurrentFile | null,
  context: ToolContext,
): Promise<ToolOutcome> {
  const path = await context.directory.resolve(file);
  // A larger one is known by its place and times, which another look has to tell.
  const now = content.length <= maxHashed ? null : await lookAt(context.directory, file);
  const notes = await noteSeen(context, now ?? { path, mark: hashContent(content), bytes: content });
  const size = showSize(content.length);
  const name = showPath(file);
  if (before) return { content: `Replaced ${name} (${size}).`, isError: false, notes };
  const wasSeen = lastSeen(context, path) !== undefined;
  const note = wasSeen ? " The file that you saw there had been deleted or moved meanwhile." : "";
  return { content: `Created ${name} (${size}).${note}`, isError: false, notes };
}
