import type { Sandbox } from "../../workspace/sandbox/sandbox.ts";
import { askTool } from "./ask.ts";
import { createBashTool } from "./commands/bash.ts";
import { editTool } from "./edit.ts";
import { globTool } from "./glob.ts";
import { grepTool } from "./grep.ts";
import { listTool } from "./list.ts";
import { readTool } from "./read.ts";
import { todoTool } from "./todo.ts";
import type { Tool } from "./tool.ts";
import { writeTool } from "./write.ts";

export interface ToolOptions {
  bash: boolean;
  maxCommandMs: number;
  network?: Sandbox["network"];
}

/**
 * The built-in tools, always in this order: they are part of the prompt's stable prefix. `bash` may be off; its
 * commands end after `maxCommandMs`, and reach what `network` says.
 */
export function createTools({ bash, maxCommandMs, network = "open" }: ToolOptions): Tool[] {
  const tools = [readTool, listTool, globTool, grepTool, writeTool, editTool, todoTool, askTool];
  return bash ? [...tools, createBashTool(maxCommandMs / 1000, network)] : tools;
}
