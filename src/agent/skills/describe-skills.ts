import type { Skill, SkillSummary } from "./skill.ts";

/** What the list of skills may take of a prompt, characters. */
const maxListLength = 8_000;
/** Of one description in it. */
const maxDescriptionLength = 400;

/** The section of a prompt that says which skills there are, one on each line; "" where the model may load none. */
export function describeSkills(skills: readonly SkillSummary[]): string {
  const offered = skills.filter((skill) => skill.modelInvocable);
  if (offered.length === 0) return "";
  const room = maxListLength / offered.length;
  const lines = offered.map(({ name, description }) => {
    const length = Math.min(maxDescriptionLength, Math.floor(room - name.length - 4));
    return length < 20 || description === "" ? `- ${name}` : `- ${name}: ${cut(description, length)}`;
  });
  return [
    "# Skills",
    "",
    "Instructions for certain kinds of work. Where one fits what is asked, call skill with its name before you begin, and follow it.",
    "",
    ...lines,
  ].join("\n");
}

/** The section of a prompt with the skill that a task was given. */
export function describeSkill(skill: Skill): string {
  return `# Skill: ${skill.name}\n\nThe user chose this skill for the task. Follow it wherever it applies.\n\n${describeWhole(skill)}`;
}

/** The section of a prompt where a task's skill cannot be had; `reason`: why it cannot be used, if it is there. */
export function describeMissingSkill(name: string, reason?: string): string {
  const why = reason === undefined ? "is not installed here" : `cannot be used (${reason})`;
  return `The task asks for the skill ${JSON.stringify(name)}, which ${why}. Say so at the start of your answer, then do the work as well as you can without it.`;
}

/** What a model is shown with the message that begins with the skill's name. */
export function describeInvokedSkill(skill: Skill): string {
  return `[The message starts the skill ${skill.name}; what follows the name is what it is about. Follow the skill in answering it:]\n\n${describeWhole(skill)}`;
}

/** The same for a skill that cannot be used. */
export function describeUnusableSkill(name: string, reason: string): string {
  return `[The message starts the skill ${name}, which cannot be used: ${reason} Say so, then do the work as well as you can without it.]`;
}

/** A skill as it is loaded: where its files are, then what it says. */
export function describeWhole({ path, files, instructions }: Skill): string {
  if (files.length === 0) return instructions;
  return [
    `Its folder is ${path}; read and list reach it under that path, and so do commands. Nothing can be written there. Paths that it names are relative to that folder:`,
    ...files.map((file) => `- ${file.path} (${file.size.toLocaleString("en")} bytes)`),
    "",
    instructions,
  ].join("\n");
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`;
}
