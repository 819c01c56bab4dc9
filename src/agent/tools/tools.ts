import type { Sandbox } from "../../workspace/sandbox/sandbox.ts";
import type { WebAccess } from "../../workspace/web/open-address.ts";
import { createDelegateTool } from "../delegate/delegate-tool.ts";
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
import { createFetchTool } from "./web/fetch.ts";
import type { SearchService } from "./web/search/search-service.ts";
import { createSearchTool } from "./web/search/search-web.ts";

export interface ToolOptions {
  bash: boolean;
  maxCommandMs: number;
  network?: Sandbox["network"];
  /** Whether commands are kept within bounds, by a sandbox or by what surrounds the server. */
  isolated?: boolean;
  /** How `fetch` reaches the web; undefined: there is no such tool. */
  web?: WebAccess;
  /** What `search_web` asks; undefined: there is no such tool. */
  search?: SearchService | undefined;
  /** The model profiles that a sub-agent may have. */
  profiles?: readonly string[];
}

/**
 * The built-in tools, always in this order: they are part of the prompt's stable prefix. `bash` may be off; its
 * commands end after `maxCommandMs`, and reach what `network` says. Without `web` and `search` nothing is opened or searched.
 */
export function createTools({
  bash,
  maxCommandMs,
  network = "open",
  isolated = true,
  web,
  search,
  profiles = [],
}: ToolOptions): Tool[] {
  const tools = [
    readTool,
    listTool,
    globTool,
    grepTool,
    writeTool,
    editTool,
    todoTool,
    skillTool,
    rememberTool,
    recallTool,
    askTool,
    createDelegateTool(profiles),
  ];
  return [
    ...tools,
    ...(bash ? [createBashTool(maxCommandMs / 1000, network, isolated), processTool] : []),
    ...(web ? [createFetchTool(web)] : []),
    ...(search ? [createSearchTool(search)] : []),
  ];
}
