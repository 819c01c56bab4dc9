import type { MessageNotes } from "../../protocol/message.ts";
import { describeInvokedSkill, describeUnusableSkill } from "./describe-skills.ts";
import type { Skills } from "./skills.ts";

/** What a person is told where the skill that a message starts cannot be used; null where there is nothing to tell. */
export function skippedSkill(notes: MessageNotes | null | undefined): string | null {
  const skill = notes?.skill;
  return skill?.skipped === undefined ? null : `The skill ${skill.name} was skipped: ${skill.skipped}`;
}

/** The skill that a message starts. */
export interface InvokedSkill {
  name: string;
  /** What the model is shown with the message, whatever becomes of the skill later. */
  text: string;
  /** Why it cannot be used, where it cannot. */
  skipped?: string;
}

/** A name ends where a space or a sign does: Chinese is written without spaces. */
const start = /^\/([^\s/，。：；、！？,;:!?]+)(?=$|[\s，。：；、！？,;:!?])/u;

/** The skill that a message starts with `/name`; null for any other message, one that begins with a path included. */
export async function findInvokedSkill(content: string, skills: Skills): Promise<InvokedSkill | null> {
  const name = start.exec(content)?.[1];
  if (name === undefined) return null;
  const skill = (await skills.load(name)) ?? (await skills.load(name.toLowerCase()));
  if (!skill) return null;
  if ("skipped" in skill)
    return { name, text: describeUnusableSkill(name, skill.skipped), skipped: skill.skipped };
  return skill.userInvocable ? { name: skill.name, text: describeInvokedSkill(skill) } : null;
}
