import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cleanText, simpleName } from "../protocol/text.ts";

const maxCharacters = 40_000;

export interface Skill {
  name: string;
  description: string;
  /** What the model is told, markdown. */
  instructions: string;
}

/** The skills installed in a folder of the host, by name: each a folder with a SKILL.md. */
export async function listSkills(skillsDirectory: string): Promise<Pick<Skill, "name" | "description">[]> {
  const names = await readdir(skillsDirectory).catch(ignoreMissing);
  const skills = await Promise.all((names ?? []).sort().map((name) => loadSkill(skillsDirectory, name)));
  return skills.flatMap((skill) => (skill ? [{ name: skill.name, description: skill.description }] : []));
}

/** The skill of that name, or null where none is installed. A name is never taken for a path. */
export async function loadSkill(skillsDirectory: string, name: string): Promise<Skill | null> {
  const { data: folder } = simpleName.safeParse(name);
  if (folder === undefined) return null;
  const text = await readFile(join(skillsDirectory, folder, "SKILL.md"), "utf8").catch(ignoreMissing);
  return text === null ? null : parseSkill(folder, cleanText(text));
}

function parseSkill(name: string, text: string): Skill {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const end =
    lines[0]?.trim() === "---" ? lines.findIndex((line, at) => at > 0 && line.trim() === "---") : -1;
  const fields = readFields(lines.slice(1, Math.max(end, 1)));
  const body = lines
    .slice(end + 1)
    .join("\n")
    .trim();
  const firstSentence = body.split("\n").find((line) => line.trim() !== "" && !line.startsWith("#"));
  return {
    name,
    description: fields.get("description") || firstSentence?.trim() || "",
    instructions: body.length > maxCharacters ? `${body.slice(0, maxCharacters)}\n[cut here]` : body,
  };
}

/** Lenient front matter: `key: value`, quoted or not, continued on indented lines. */
function readFields(lines: string[]): Map<string, string> {
  const fields = new Map<string, string>();
  let key = "";
  for (const line of lines) {
    const field = /^([\w-]+):(.*)$/.exec(line);
    if (field) {
      key = field[1] ?? "";
      fields.set(key, (field[2] ?? "").trim().replace(/^[>|][+-]?$/, ""));
    } else if (key !== "" && /^\s+\S/.test(line)) {
      fields.set(key, `${fields.get(key) ?? ""} ${line.trim()}`.trim());
    }
  }
  for (const [name, value] of fields) fields.set(name, value.replace(/^(["'])([\s\S]*)\1$/, "$2"));
  return fields;
}

function ignoreMissing(error: unknown): null {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR" || code === "ENAMETOOLONG") return null;
  throw error;
}
