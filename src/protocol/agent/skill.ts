import { z } from "zod";
import { rule } from "../text.ts";

export const SkillSource = z.enum(["built_in", "user"]);

export const SkillSummary = z
  .object({
    name: z.string(),
    description: z.string(),
    source: SkillSource.describe(
      "built_in: the operator's, for everybody; user: one's own, which comes first",
    ),
    user_invocable: z.boolean().describe("whether a message that begins with /name starts it"),
    model_invocable: z.boolean().describe("whether the model is told of it and may load it by itself"),
    license: z.string().nullable(),
    compatibility: z.string().nullable(),
    allowed_tools: z.array(z.string()),
  })
  .meta({ id: "SkillSummary" });
export type SkillSummary = z.infer<typeof SkillSummary>;

export const SkillList = z
  .object({
    skills: z.array(SkillSummary),
    skipped: z
      .array(z.object({ name: z.string(), source: SkillSource, reason: z.string() }))
      .describe("folders that hold no usable skill"),
  })
  .meta({ id: "SkillList" });
export type SkillList = z.infer<typeof SkillList>;

export const SkillDetail = SkillSummary.extend({
  fields: z.record(z.string(), z.unknown()).describe("its front matter, unknown fields included"),
  instructions: z.string().describe("what the model is told, markdown"),
  files: z.array(z.object({ path: z.string(), size: z.int() })).describe("what lies beside SKILL.md"),
}).meta({ id: "SkillDetail" });
export type SkillDetail = z.infer<typeof SkillDetail>;

/** Of a skill's name, characters. */
export const maxSkillNameLength = 64;

/** Whether a folder of that name can be a skill: a message names it by `/name`. */
export function isSkillName(name: string): boolean {
  return (
    name !== "" &&
    [...name].length <= maxSkillNameLength &&
    !name.startsWith(".") &&
    !/[\s/\\，。：；、！？,;:!?\p{Cc}]/u.test(name)
  );
}

export const skillName = rule(
  z.string(),
  isSkillName,
  "invalid_name",
  `A skill's name has 1 to ${maxSkillNameLength} characters, no spaces, slashes or punctuation but "-", "_" and ".", and does not begin with a dot.`,
);
