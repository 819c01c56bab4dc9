import { z } from "zod";
import { defineTool, failure } from "../tools/define-tool.ts";
import type { Tool } from "../tools/tool.ts";
import { describeWhole } from "./describe-skills.ts";
import type { Skills } from "./skills.ts";

/** Loads a skill's instructions. */
export const skillTool: Tool = defineTool({
  name: "skill",
  description:
    "Load a skill by its name: instructions for a kind of work, with the files that belong to it. Do so before you begin work that one of the listed skills fits.",
  effect: "pure",
  parameters: z.object({ name: z.string().min(1).describe("the skill's name, as listed") }),
  async execute({ name }, { skills }) {
    const skill = await skills.load(name.trim().replace(/^\//, ""));
    if (!skill) return failure(`There is no skill ${JSON.stringify(name)}. ${await nameAll(skills)}`);
    if ("skipped" in skill)
      return failure(`The skill ${JSON.stringify(name)} cannot be used: ${skill.skipped}`);
    if (!skill.modelInvocable) {
      return failure(
        `The skill ${skill.name} is for the user to start, with a message that begins with /${skill.name}. ${await nameAll(skills)}`,
      );
    }
    return `# Skill: ${skill.name}\n\n${describeWhole(skill)}`;
  },
});

async function nameAll(skills: Skills): Promise<string> {
  const names = (await skills.list()).skills.filter((skill) => skill.modelInvocable).map(({ name }) => name);
  return names.length === 0 ? "No skill is installed." : `There are: ${names.join(", ")}.`;
}
