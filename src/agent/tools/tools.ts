import type { Sandbox } from "../../workspace/sandbox/sandbox.ts";
import { recallTool } from "../memory/recall-tool.ts";
import { rememberTool } from "../memory/remember-tool.ts";
import { skillTool } from "../skills/skill-tool.ts";
import { askTool } from "./ask.ts";
import { createBashTool } from "./commands/bash.ts";
import { processTool } from "./commands/process.ts";
import { editTool } from "./files/edit.ts";
import { globTool } from "./files/glob.ts";
import { grepTool } from "./files/grep.ts";
import { listTool } from "./files/list.ts";
import { readTool } from "./files/read.ts";
import { writeTool } from "./files/write.ts";
import { todoTool } from "./todo.ts";
import type { Tool } from "./tool.ts";

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
  const tools = [readTool, listTool, globTool, grepTool, writeTool, editTool, todoTool, skillTool, rememberTool, recallTool, askTool];
  return bash ? [...tools, createBashTool(maxCommandMs / 1000, network), processTool] : tools;
}
