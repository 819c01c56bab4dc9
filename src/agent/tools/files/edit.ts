import { z } from "zod";
import { hashContent } from "../../../workspace/kept/kept-content.ts";
import { defineTool, failure, relativePath, showPath } from "../define-tool.ts";
import type { Tool, ToolContext, ToolOutcome } from "../tool.ts";
import { acceptNames } from "./accept-names.ts";
import { applyEdit } from "./passages/apply-edit.ts";
import { diffLines } from "./versions/line-diff.ts";
import { inTurn, replaceFile } from "./versions/replace-file.ts";
import {
  type CurrentFile,
  lastSeen,
  lookAt,
  maxHashed,
  noteSeen,
  placeOf,
  refuseStale,
} from "./versions/seen-files.ts";

const maxEdits = 100;
const maxRowsShown = 40;

const Edit = z.object({
  old_text: z
    .string()
    .min(1)
    .describe("the passage to replace, as it stands in the file, without line numbers"),
  new_text: z.string().describe("what stands there afterwards"),
  replace_all: z.boolean().optional().describe("replace every occurrence, not only one that is unique"),
});
type Edit = z.infer<typeof Edit>;

/** Replaces passages of a text file, all or none. */
export const editTool: Tool = defineTool({
  name: "edit",
  description:
    "Replace passages of a text file, one after the other, all or none. Each old_text must be in the file once: take enough lines to make it unique.",
  effect: "workspace",
  parameters: z.object({
    path: z.string().describe("path of the file, relative to the working directory"),
    edits: z.array(Edit).min(1).max(maxEdits),
  }),
  accept: acceptEdits,
  subject: ({ path }) => ({ kind: "path", text: path }),
  async execute({ path, edits }, context) {
    const file = relativePath(path, context);
    return inTurn(context.directory, file, () => editFile(file, edits, context));
  },
});

const otherNames = {
  old_string: "old_text",
  new_string: "new_text",
  oldText: "old_text",
  newText: "new_text",
};

/** A single edit also beside `path`, a list also as JSON text, and names that other agents' tools have. */
function acceptEdits(given: Record<string, unknown>): Record<string, unknown> {
  const { edits, old_text, new_text, replace_all, ...rest } = acceptNames(given, {
    ...otherNames,
    file_path: "path",
  });
  if (edits === undefined && old_text !== undefined) {
    return {
      ...rest,
      edits: [{ old_text, new_text, ...(typeof replace_all === "boolean" && { replace_all }) }],
    };
  }
  const list = typeof edits === "string" ? parseList(edits) : edits;
  if (!Array.isArray(list)) return { ...rest, edits: list };
  return {
    ...rest,
    edits: list.map((edit) =>
      typeof edit === "object" && edit !== null ? acceptNames({ ...edit }, otherNames) : edit,
    ),
  };
}

function parseList(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function editFile(file: string, edits: Edit[], context: ToolContext): Promise<ToolOutcome> {
  const { directory } = context;
  const name = showPath(file);
  for (let attempt = 0; attempt < 3; attempt++) {
    const current = await lookAt(directory, file);
    if (!current) return await missing(file, context);
    const refusal = await refuseStale(context, current, "edited");
    if (refusal) return refusal;
    const before = decode(current);
    if (typeof before !== "string") return before;
    const edited = applyAll(before, edits, name);
    if ("fault" in edited) return failure(edited.fault);
    const content = Buffer.from(edited.text);
    if (content.length > maxHashed) return failure(`${name} would become too large; nothing was changed.`);
    if (!(await replaceFile(directory, file, content, current))) continue;
    const notes = await noteSeen(context, { path: current.path, mark: hashContent(content), bytes: content });
    const difference = diffLines(before, edited.text, maxRowsShown);
    return { content: [`Edited ${name}: ${edited.report}`, difference].join("\n"), isError: false, notes };
  }
  return failure(`${name} is being changed by somebody else at this moment; nothing was changed.`);
}

async function missing(file: string, context: ToolContext): Promise<ToolOutcome> {
  const wasSeen = lastSeen(context, await placeOf(context.directory, file)) !== undefined;
  const why = wasSeen
    ? "It was there when you last saw it, and has been deleted or moved since."
    : "Find it with glob, or create it with write.";
  return failure(`There is no file ${showPath(file)}. ${why}`);
}

/** The text of a file; for what is none, why it is not edited. */
function decode({ path, bytes }: CurrentFile): string | ToolOutcome {
  const name = showPath(path);
  if (bytes === null) return failure(`${name} is too large to be edited; change it with a program in bash.`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return failure(
      `${name} is no UTF-8 text; nothing was changed. Text in GB18030 or UTF-16 can be converted in bash with iconv first.`,
    );
  }
}

function applyAll(
  text: string,
  edits: Edit[],
  name: string,
): { text: string; report: string } | { fault: string } {
  let now = text;
  const reports: string[] = [];
  for (const [index, { old_text, new_text, replace_all = false }] of edits.entries()) {
    const done = applyEdit(now, { before: old_text, after: new_text, all: replace_all }, name);
    const which = edits.length > 1 ? `edit ${index + 1} of ${edits.length}: ` : "";
    if ("fault" in done) return { fault: which + done.fault };
    now = done.text;
    reports.push(which + done.report);
  }
  return { text: now, report: reports.join("\n") };
}
