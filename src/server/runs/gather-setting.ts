import { loadMemory } from "../../agent/memory.ts";
import { buildSystemPrompt } from "../../agent/prompt.ts";
import { loadSkill } from "../../agent/skills.ts";
import type { Workplace } from "../../agent/tools/tool.ts";
import type { ExecutionOptions } from "./execute-run.ts";
import type { StartedRun } from "./worker.ts";

/** Reads ahead what a run of this user will need, while the run itself is being stored. Never rejects. */
export async function readAhead(
  userId: string,
  { userRoot }: Pick<ExecutionOptions, "userRoot">,
): Promise<string | undefined> {
  try {
    return await loadMemory(await userRoot(userId));
  } catch {
    // The run will try again and end with the reason.
    return undefined;
  }
}

/** What the agent is told of the task, and where it works. */
export async function gatherSetting(
  run: StartedRun,
  { userRoot, skillsDirectory, tools, sandbox }: ExecutionOptions,
): Promise<{ system: string; workplace: Omit<Workplace, "processes"> }> {
  const root = await userRoot(run.userId);
  const [memory, skill] = await Promise.all([
    run.memory?.then((memory) => memory ?? loadMemory(root)) ?? loadMemory(root),
    run.skill === "" ? null : loadSkill(skillsDirectory, run.skill),
  ]);
  const system = buildSystemPrompt({
    taskName: run.taskName,
    workingDirectory: run.directory,
    skillName: run.skill,
    skill,
    memory,
    tools,
  });
  return { system, workplace: { directory: root.child(run.directory), userRoot: root, sandbox } };
}
