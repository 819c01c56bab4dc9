/** Whose a skill is: the operator's, for everybody, or a user's own, which comes first. */
export type SkillSource = "built_in" | "user";

/** What is known of a skill without reading it. */
export interface SkillSummary {
  /** Its folder's name; that in its front matter may be another one. */
  name: string;
  description: string;
  source: SkillSource;
  /** Whether a message that begins with `/name` starts it. */
  userInvocable: boolean;
  /** Whether the model is told of it and may load it. */
  modelInvocable: boolean;
  license: string | null;
  compatibility: string | null;
  /** As it asks for them: `Read`, `Bash(git:*)`. */
  allowedTools: string[];
}

export interface SkillFile {
  /** Relative to the skill's folder. */
  path: string;
  /** bytes */
  size: number;
}

/** A skill as it is loaded. */
export interface Skill extends SkillSummary {
  /** Its front matter, unknown fields included. */
  fields: Record<string, unknown>;
  /** What the model is told, markdown. */
  instructions: string;
  /** What lies beside SKILL.md. */
  files: SkillFile[];
  /** Its folder, as `read` and commands reach it. */
  path: string;
}

/** A folder that should hold a skill and does not; `reason` is a sentence for whoever put it there. */
export interface SkippedSkill {
  name: string;
  source: SkillSource;
  reason: string;
}
