import { noSkills } from "../../src/agent/skills/skills.ts";
import type { ToolContext } from "../../src/agent/tools/tool.ts";
import type { Directory } from "../../src/workspace/directory.ts";
import { BackgroundProcesses } from "../../src/workspace/processes/background-processes.ts";
import type { Sandbox } from "../../src/workspace/sandbox/sandbox.ts";
import { facts } from "./scripted-agent.ts";

/** What a tool is given with a call in this directory; the directory is all that its user has. */
export function toolContext(
  directory: Directory,
  sandbox: Sandbox,
  more: Partial<ToolContext> = {},
): ToolContext {
  return {
    directory,
    userRoot: directory,
    sandbox,
    processes: new BackgroundProcesses(),
    skills: noSkills,
    callId: "call-1",
    model: { facts },
    conversation: [],
    signal: new AbortController().signal,
    say() {},
    report() {},
    ...more,
  };
}
