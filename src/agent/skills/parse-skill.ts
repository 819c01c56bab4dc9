import { cleanText } from "../../protocol/text.ts";
import { parseFrontMatter } from "./front-matter.ts";
import type { Skill, SkillSource } from "./skill.ts";

/** What stands in a SKILL.md. */
export type ParsedSkill = Omit<Skill, "files" | "path">;

const maxDescriptionLength = 1_024;
/** Of instructions that the model is given at once, characters. */
const maxInstructionsLength = 40_000;

/** Reads a SKILL.md leniently: only what leaves nothing to go by is a `problem`. */
export async function parseSkill(
  name: string,
  source: SkillSource,
  text: string,
): Promise<ParsedSkill | { problem: string }> {
  const parsed = await parseFrontMatter(cleanText(text));
  if ("problem" in parsed) return parsed;
  const { fields, body } = parsed;
  const description = textOf(fields.description) ?? firstSentence(body);
  if (body === "" && description === "") return { problem: "SKILL.md says nothing." };
  return {
    name,
    source,
    description: description.slice(0, maxDescriptionLength).toWellFormed(),
    userInvocable: fields["user-invocable"] === undefined || isTrue(fields["user-invocable"]),
    modelInvocable: !isTrue(fields["disable-model-invocation"]),
    license: textOf(fields.license),
    compatibility: textOf(fields.compatibility),
    allowedTools: listOf(fields["allowed-tools"]),
    fields,
    instructions:
      body.length > maxInstructionsLength
        ? `${body.slice(0, maxInstructionsLength).toWellFormed()}\n[cut here: SKILL.md is longer; read it for the rest]`
        : body,
  };
}

function firstSentence(body: string): string {
  return (
    body
      .split("\n")
      .find((line) => line.trim() !== "" && !line.startsWith("#"))
      ?.trim() ?? ""
  );
}

/** A value as one line of text; null where it is none. */
function textOf(value: unknown): string | null {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value.replaceAll(/\s+/g, " ").trim() : "";
  return text === "" ? null : text;
}

function isTrue(value: unknown): boolean {
  return value === true || (typeof value === "string" && /^(true|yes|on)$/i.test(value.trim()));
}

/** `Read Bash(git add:*)`, parted by spaces or commas, or a list of such. */
function listOf(value: unknown): string[] {
  const texts = Array.isArray(value) ? value : [value];
  return texts
    .filter((text) => typeof text === "string")
    .flatMap((text) => text.match(/[^\s,()]+(?:\([^)]*\))?/g) ?? []);
}
