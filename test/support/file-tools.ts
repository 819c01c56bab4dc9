import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { ConversationMessage } from "../../src/agent/model/model.ts";
import { editTool } from "../../src/agent/tools/files/edit.ts";
import { globTool } from "../../src/agent/tools/files/glob.ts";
import { grepTool } from "../../src/agent/tools/files/grep.ts";
import { listTool } from "../../src/agent/tools/files/list.ts";
import { readTool } from "../../src/agent/tools/files/read.ts";
import { writeTool } from "../../src/agent/tools/files/write.ts";
import type { ToolContext, ToolOutcome } from "../../src/agent/tools/tool.ts";
import type { Directory } from "../../src/workspace/directory.ts";
import { openDirectory } from "../../src/workspace/open-directory.ts";
import { findLauncher, plainSandbox } from "../../src/workspace/sandbox/plain.ts";
import { toolContext } from "./tool-context.ts";

/** A user with one working directory, and a conversation in which the tools on files are called. */
export interface FileTools {
  /** Host path of the working directory. */
  host: string;
  directory: Directory;
  userRoot: Directory;
  /** A call whose answer becomes a part of the conversation. */
  call(name: string, input: Record<string, unknown>, more?: Partial<ToolContext>): Promise<ToolOutcome>;
  /** Puts a file there behind the tools' back, as a person or another task would. */
  put(path: string, content: string | Uint8Array): Promise<void>;
  /** Begins another conversation. */
  forget(): void;
  remove(): Promise<void>;
}

/** For each test of a file a place of its own; what is given always means that of the test under way. */
export function setUpFileTools(): Omit<FileTools, "remove"> {
  let open: FileTools | undefined;
  const files = (): FileTools => {
    if (!open) throw new Error("there are no files outside of a test");
    return open;
  };
  beforeEach(async () => {
    open = await openFileTools();
  });
  afterEach(() => files().remove());
  return {
    get host() {
      return files().host;
    },
    get directory() {
      return files().directory;
    },
    get userRoot() {
      return files().userRoot;
    },
    call: (...given) => files().call(...given),
    put: (...given) => files().put(...given),
    forget: () => files().forget(),
  };
}

/** So many lines, each saying which it is. */
export function numbered(count: number): string {
  return Array.from({ length: count }, (_, index) => `第${index + 1}行\n`).join("");
}

const sandbox = plainSandbox(await findLauncher(), "off", []);
const tools = [readTool, listTool, globTool, grepTool, writeTool, editTool];

async function openFileTools(): Promise<FileTools> {
  const home = await mkdtemp(join(tmpdir(), "zcbot-文件-"));
  const userRoot = await openDirectory(home);
  const directory = await userRoot.subdirectory("工作");
  const host = directory.hostPath;
  const conversation: ConversationMessage[] = [];
  return {
    host,
    directory,
    userRoot,
    async call(name, input, more = {}) {
      const tool = tools.find((each) => each.definition.name === name);
      if (!tool) throw new Error(`no tool ${name}`);
      const context = toolContext(directory, sandbox, { userRoot, conversation, ...more });
      const outcome = await tool.execute(tool.parameters.parse(input), context);
      const payload = { role: "tool", tool_call_id: "1", content: outcome.content } as const;
      conversation.push({ payload, notes: outcome.notes });
      return outcome;
    },
    async put(path, content) {
      await mkdir(join(host, path, ".."), { recursive: true });
      await writeFile(join(host, path), content);
    },
    forget() {
      conversation.length = 0;
    },
    remove: () => rm(home, { recursive: true }),
  };
}
