import { z } from "zod";
import { defineTool, relativePath, showPath, showSize } from "../define-tool.ts";
import type { Tool } from "../tool.ts";

const maxEntries = 500;
/** What zcbot keeps in a directory itself. */
const ownFolder = ".zcbot";

/** Lists one folder. */
export const listTool: Tool = defineTool({
  name: "list",
  description:
    "List a folder: subfolders first, marked with a trailing slash, then files with their sizes. Use glob to look deeper.",
  effect: "pure",
  parameters: z.object({
    path: z
      .string()
      .default("")
      .describe("path of the folder, relative to the working directory, which is the default"),
  }),
  subject: ({ path }) => ({ kind: "path", text: path }),
  async execute({ path }, { directory, sandbox, skills }) {
    const page = { start: 0, size: maxEntries, hidden: true };
    const skill = await skills.door(path);
    const found = await (skill
      ? skill.directory.listPage(skill.path, page)
      : directory.listPage(relativePath(path, { directory, sandbox }), page));
    const entries = found.entries.filter(({ name }) => name !== ownFolder);
    const count = found.count - (found.entries.length - entries.length);
    if (entries.length === 0) return `${showPath(path)} is an empty folder.`;
    entries.sort(
      (left, right) =>
        Number(right.isDirectory) - Number(left.isDirectory) || left.name.localeCompare(right.name, "zh"),
    );
    const lines = entries.map(({ name, isDirectory, size }) =>
      isDirectory ? `${showPath(name)}/` : `${showPath(name)} (${showSize(size)})`,
    );
    if (count > entries.length) {
      lines.push(`[${entries.length} of ${count} entries shown; use glob with a pattern for the others]`);
    }
    return lines.join("\n");
  },
});
