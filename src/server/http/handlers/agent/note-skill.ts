import { findInvokedSkill } from "../../../../agent/skills/find-invoked-skill.ts";
import type { Skills } from "../../../../agent/skills/skills.ts";
import type { MessageNotes } from "../../../../protocol/message.ts";
import type { Directory } from "../../../../workspace/directory.ts";

export type OpenSkills = (userRoot: Directory) => Skills;

/**
 * What is kept of a message, with the skill that it starts by `/name` as that is now: the model is shown the same text
 * whenever it is shown the message. Nothing is read for a message that does not begin so.
 */
export async function noteSkill(
  content: string,
  notes: MessageNotes | null,
  open: () => Promise<Skills>,
): Promise<MessageNotes | null> {
  if (!content.startsWith("/")) return notes;
  const skill = await findInvokedSkill(content, await open());
  return skill ? { ...notes, skill } : notes;
}
