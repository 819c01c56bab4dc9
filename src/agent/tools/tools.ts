import { bashTool } from "./bash.ts";
import { editTool } from "./edit.ts";
import { globTool } from "./glob.ts";
import { grepTool } from "./grep.ts";
import { listTool } from "./list.ts";
import { readTool } from "./read.ts";
import type { Tool } from "./tool.ts";
import { writeTool } from "./write.ts";

/** The built-in tools, always in this order: they are part of the prompt's stable prefix. `bash` may be off. */
export function createTools({ bash }: { bash: boolean }): Tool[] {
  const tools = [readTool, listTool, globTool, grepTool, writeTool, editTool];
  return bash ? [...tools, bashTool] : tools;
}
