import type { PromptSection } from "../../agent/context/context-record.ts";
import type { ContextInput } from "../../agent/context/context-state.ts";
import { describeMemory } from "../../agent/memory/describe-memory.ts";
import {
  describeDirectoryInstructions,
  readInstructions,
} from "../../agent/memory/directory-instructions.ts";
import { loadMemory, type MemoryView } from "../../agent/memory/load-memory.ts";
import { buildSections } from "../../agent/prompt.ts";
import { allowedTools } from "../../agent/skills/allowed-tools.ts";
import { describeMissingSkill, describeSkill, describeSkills } from "../../agent/skills/describe-skills.ts";
import type { SkillList, Skills } from "../../agent/skills/skills.ts";
import type { Tool, Workplace } from "../../agent/tools/tool.ts";
import type { ApprovalRule } from "../../protocol/agent/approval.ts";
import type { Directory } from "../../workspace/directory.ts";
import type { ProfileInForce } from "../models.ts";
import type { ExecutionOptions } from "./execute-run.ts";
import type { StartedRun } from "./worker.ts";

/** What there is to be read of a user before a run of the user's is known. */
export interface ReadAhead {
  memory: MemoryView;
  skills: SkillList;
}

/** Reads ahead what a run of this user will need, while the run itself is being stored. Never rejects. */
export async function readAhead(
  userId: string,
  { userRoot, skillsOf }: Pick<ExecutionOptions, "userRoot" | "skillsOf">,
): Promise<ReadAhead | undefined> {
  try {
    const root = await userRoot(userId);
    return await readOfUser(root, skillsOf(root));
  } catch {
    // The run will try again and end with the reason.
    return undefined;
  }
}

async function readOfUser(root: Directory, skills: Skills): Promise<ReadAhead> {
  const [memory, list] = await Promise.all([loadMemory(root), skills.list()]);
  return { memory, skills: list };
}

/** What the agent is told of the task, where it works, and what it can do there. */
export interface Setting {
  context: Omit<ContextInput, "record" | "firstIdx" | "isResumed">;
  tools: Tool[];
  workplace: Omit<Workplace, "processes">;
  /** What was asked for and cannot be had, in sentences for the person. */
  skipped: string[];
  /** What the skills in use have leave for. */
  allowed: ApprovalRule[];
  /** Servers of tools that cannot be used, in sentences too. */
  unavailable: string[];
}

/** The tools that are there only for who has a memory. */
const memoryTools = ["remember", "recall"];

/** Gathers what one run needs; `invoked` names the skill that its newest message starts. */
export async function gatherSetting(
  run: StartedRun,
  profile: ProfileInForce,
  options: ExecutionOptions,
  signal: AbortSignal,
  invoked?: string,
): Promise<Setting> {
  const userRoot = await options.userRoot(run.userId);
  const skills = options.skillsOf(userRoot);
  const directory = userRoot.child(run.directory);
  const tools = run.remembers
    ? options.tools
    : options.tools.filter(({ definition }) => !memoryTools.includes(definition.name));
  const readSections = async (
    ahead?: Promise<ReadAhead | undefined>,
  ): Promise<Pick<Setting, "skipped" | "allowed"> & { sections: PromptSection[] }> => {
    const [ofUser, skill, instructions] = await Promise.all([
      ahead?.then((read) => read ?? readOfUser(userRoot, skills)) ?? readOfUser(userRoot, skills),
      useTaskSkill(run.skill, skills),
      readInstructions(directory),
    ]);
    const sections = buildSections({
      taskName: run.taskName,
      workingDirectory: run.directory,
      skills: describeSkills(ofUser.skills.skills),
      skill: skill.text,
      directory: describeDirectoryInstructions(instructions),
      memory: run.remembers ? describeMemory(ofUser.memory) : "",
      instructions: profile.instructions,
      tools,
    });
    return { sections, skipped: skill.skipped, allowed: skill.allowed };
  };
  const place = { userId: run.userId, directory };
  const [{ sections, skipped, allowed }, startedSkill, foreign] = await Promise.all([
    readSections(run.ahead),
    invoked === undefined ? null : skills.load(invoked),
    // A run that is to stop does so at its first step, whatever it has.
    options.mcp.gather(run.mcpServers, place, signal).catch((error) => {
      if (signal.aborted) return { tools: [], unavailable: [] };
      throw error;
    }),
  ]);
  return {
    context: {
      sections,
      renewSections: async () => (await readSections()).sections,
      directory,
      userRoot,
      directoryName: run.directory,
      summaryModel: profile.summaryModel,
    },
    tools: [...tools, ...foreign.tools],
    workplace: { directory, userRoot, sandbox: options.sandbox, skills },
    skipped,
    allowed:
      startedSkill && !("skipped" in startedSkill) ? [...allowed, ...allowedTools(startedSkill)] : allowed,
    unavailable: foreign.unavailable,
  };
}

/** What the prompt says of a task's skill, and what the skill has leave for. */
async function useTaskSkill(
  name: string,
  skills: Skills,
): Promise<Pick<Setting, "skipped" | "allowed"> & { text: string }> {
  if (name === "") return { text: "", skipped: [], allowed: [] };
  const skill = await skills.load(name);
  if (skill && !("skipped" in skill)) {
    return { text: describeSkill(skill), skipped: [], allowed: allowedTools(skill) };
  }
  const why = skill ? `was skipped: ${skill.skipped}` : "is not installed.";
  const text = describeMissingSkill(name, skill?.skipped);
  return { text, skipped: [`The skill ${name} ${why}`], allowed: [] };
}
