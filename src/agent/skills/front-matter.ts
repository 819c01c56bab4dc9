import { cleanText } from "../../protocol/text.ts";

export interface FrontMatter {
  fields: Record<string, unknown>;
  body: string;
}

const mark = /^---\s*$/;
/** Of the front matter, characters. */
const maxLength = 32 * 1024;

/**
 * Parts a markdown file from the YAML at its start. YAML that is broken is read line by line, as `key: value`: people
 * write colons into descriptions. Where the front matter has no end, or is too long, there is a `problem`.
 */
export async function parseFrontMatter(text: string): Promise<FrontMatter | { problem: string }> {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (!mark.test(lines[0] ?? "")) return { fields: {}, body: lines.join("\n").trim() };
  const end = lines.findIndex((line, at) => at > 0 && mark.test(line));
  if (end < 0) return { problem: "The front matter of SKILL.md has no end: a line --- is missing." };
  const head = lines.slice(1, end);
  const body = lines
    .slice(end + 1)
    .join("\n")
    .trim();
  if (head.join("\n").length > maxLength)
    return { problem: `The front matter of SKILL.md is longer than ${maxLength} characters.` };
  const { readYaml } = await import("./read-yaml.ts");
  return { fields: cleanValues(readYaml(head.join("\n")) ?? readLines(head)), body };
}

/** `key: value`, quoted or not, continued on indented lines. */
function readLines(lines: string[]): Record<string, unknown> {
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
  return Object.fromEntries(fields);
}

/** Escapes in YAML can write what no text may hold. */
function cleanValues(fields: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(fields), (_, value: unknown) =>
    typeof value === "string" ? cleanText(value) : value,
  ) as Record<string, unknown>;
}
