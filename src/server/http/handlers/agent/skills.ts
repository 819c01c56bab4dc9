import type { SkillSummary as KnownSkill, Skill } from "../../../../agent/skills/skill.ts";
import type { Skills } from "../../../../agent/skills/skills.ts";
import { installSkill, removeSkill } from "../../../../agent/skills/user-skills.ts";
import type { SkillDetail, SkillSummary } from "../../../../protocol/agent/skill.ts";
import { ApiError } from "../../../../protocol/error.ts";
import type { Directory } from "../../../../workspace/directory.ts";
import type { Handlers } from "../../handler.ts";
import { receiveArchive } from "./receive-archive.ts";

type SkillHandlers = Pick<Handlers, "listSkills" | "getSkill" | "putSkill" | "deleteSkill">;

export interface SkillHandlerOptions {
  userRoot: (userId: string) => Promise<Directory>;
  skillsOf: (userRoot: Directory) => Skills;
}

export function createSkillHandlers({ userRoot, skillsOf }: SkillHandlerOptions): SkillHandlers {
  return {
    async listSkills(_input, { user }) {
      const { skills, skipped } = await skillsOf(await userRoot(user.userId)).list();
      return { skills: skills.map(summarize), skipped };
    },

    async getSkill({ params }, { user }) {
      return describe(await load(skillsOf(await userRoot(user.userId)), params.name));
    },

    async putSkill({ params }, { user, incoming, outgoing }) {
      const root = await userRoot(user.userId);
      await receiveArchive(root, incoming, outgoing, (archive) => installSkill(root, params.name, archive));
      return describe(await load(skillsOf(root), params.name));
    },

    async deleteSkill({ params }, { user }) {
      await removeSkill(await userRoot(user.userId), params.name);
      return undefined;
    },
  };
}

async function load(skills: Skills, name: string): Promise<Skill> {
  const skill = await skills.load(name);
  if (!skill) throw new ApiError("skill_not_found", "There is no skill of that name.");
  if ("skipped" in skill) throw new ApiError("invalid_skill", skill.skipped);
  return skill;
}

function summarize(skill: KnownSkill): SkillSummary {
  return {
    name: skill.name,
    description: skill.description,
    source: skill.source,
    user_invocable: skill.userInvocable,
    model_invocable: skill.modelInvocable,
    license: skill.license,
    compatibility: skill.compatibility,
    allowed_tools: skill.allowedTools,
  };
}

function describe(skill: Skill): SkillDetail {
  const { fields, instructions, files } = skill;
  return { ...summarize(skill), fields, instructions, files };
}
