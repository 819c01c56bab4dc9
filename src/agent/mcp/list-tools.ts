import { z } from "zod";
import { cleanText } from "../../protocol/text.ts";

/** A tool as its server describes it, within bounds. */
export interface ListedTool {
  name: string;
  description: string;
  inputSchema: Record<string, unknown>;
}

/** Of one server. Each tool stands in every request to the model. */
const maxTools = 128;
const maxPages = 40;
/** Of a tool's name and description, characters. */
const maxName = 200;
const maxDescription = 2_000;

const page = z.looseObject({
  tools: z.array(z.unknown()),
  nextCursor: z.string().optional().catch(undefined),
});
export type ToolPage = z.output<typeof page>;
export const ToolPage = page;

const tool = z.looseObject({
  name: z.string().min(1).max(maxName),
  description: z.string().optional().catch(undefined),
  inputSchema: z.record(z.string(), z.unknown()),
  execution: z.looseObject({ taskSupport: z.string().optional() }).optional().catch(undefined),
});

/**
 * All tools of a server, by name; what is no tool, or can be called as a task only, is left out. `readPage` gives the page
 * at a cursor.
 */
export async function listTools(
  readPage: (cursor: string | undefined) => Promise<ToolPage>,
): Promise<ListedTool[]> {
  const found = new Map<string, ListedTool>();
  let cursor: string | undefined;
  for (let count = 0; count < maxPages && found.size < maxTools; count++) {
    const { tools, nextCursor } = await readPage(cursor);
    for (const each of tools) {
      const read = tool.safeParse(each);
      if (!read.success || read.data.execution?.taskSupport === "required") continue;
      const { name, description = "", inputSchema } = read.data;
      if (found.size < maxTools && !found.has(name)) {
        found.set(name, { name, description: clip(description), inputSchema });
      }
    }
    if (nextCursor === undefined || nextCursor === cursor) break;
    cursor = nextCursor;
  }
  return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

function clip(description: string): string {
  const text = cleanText(description).trim();
  return text.length <= maxDescription ? text : `${text.slice(0, maxDescription).toWellFormed()} [...]`;
}
