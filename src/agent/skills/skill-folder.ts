import { isSkillName, maxSkillNameLength } from "../../protocol/agent/skill.ts";
import { ApiError } from "../../protocol/error.ts";
import type { Directory, Entry } from "../../workspace/directory.ts";
import { inTurn } from "../../workspace/trees/in-turn.ts";
import { type ParsedSkill, parseSkill } from "./parse-skill.ts";
import type { Skill, SkillFile, SkillSource, SkippedSkill } from "./skill.ts";

/** Of a SKILL.md, bytes. */
export const maxSkillBytes = 256 * 1024;
/** In one folder; more are not looked at. */
const maxSkills = 200;
/** Of one skill that are named. */
const maxFiles = 200;
const maxDepth = 5;
/**
 * How long a list is good while its folder stays the same, milliseconds: to look at each of six skills takes 40 calls of the
 * system, a tenth of what starting a run costs.
 */
const patienceMs = 1_000;

interface SkillFolderList {
  skills: ParsedSkill[];
  skipped: SkippedSkill[];
}

const badName = `Its name must have at most ${maxSkillNameLength} characters, and no spaces or punctuation but "-", "_" and ".".`;

/** A folder of skills, one in each folder in it. What was read is remembered as long as the file stays the same. */
export class SkillFolder {
  readonly #directory: Directory;
  readonly #source: SkillSource;
  readonly #known = new Map<string, { version: string; parsed: ParsedSkill | { problem: string } }>();
  #listed: { version: string; at: number; list: Promise<SkillFolderList> } | undefined;

  constructor(directory: Directory, source: SkillSource) {
    this.#directory = directory;
    this.#source = source;
  }

  /**
   * What is there, by name; a folder that is missing or cannot be read has none. What comes and goes is seen at once, what is
   * changed within a skill after a moment.
   */
  async list(): Promise<SkillFolderList> {
    const folder = await this.#directory.stat("").catch(ignoreUnreadable);
    if (!folder) return { skills: [], skipped: [] };
    const version = versionOf(folder);
    const now = performance.now();
    if (this.#listed?.version === version && now - this.#listed.at < patienceMs)
      return await this.#listed.list;
    const list = this.#readAll();
    this.#listed = { version, at: now, list };
    list.catch(() => {
      this.#listed = undefined;
    });
    return await list;
  }

  async #readAll(): Promise<SkillFolderList> {
    const entries = await this.#directory.list("").catch(ignoreUnreadable);
    const names = (entries ?? [])
      .filter(({ name, isDirectory }) => isDirectory && !name.startsWith("."))
      .map(({ name }) => name)
      .sort();
    const skills: ParsedSkill[] = [];
    const skipped: SkippedSkill[] = [];
    const read = await Promise.all(names.slice(0, maxSkills).map((name) => this.#read(name)));
    for (const [index, parsed] of read.entries()) {
      const name = names[index] ?? "";
      if ("problem" in parsed) skipped.push({ name, source: this.#source, reason: parsed.problem });
      else skills.push(parsed);
    }
    for (const name of names.slice(maxSkills))
      skipped.push({ name, source: this.#source, reason: `Only ${maxSkills} skills are looked at.` });
    return { skills, skipped };
  }

  /** The skill in the folder of that name, which is never taken for a path; null where there is no such folder. */
  async load(name: string): Promise<Omit<Skill, "path"> | { skipped: string } | null> {
    if (!isSkillName(name)) return null;
    const skill = await this.#load(name);
    if (skill && !("skipped" in skill)) return skill;
    // While it is being replaced there is none for an instant.
    return await inTurn(this.#directory.hostPath, () => this.#load(name));
  }

  async #load(name: string): Promise<Omit<Skill, "path"> | { skipped: string } | null> {
    const found = await this.#directory.stat(name).catch(ignoreUnreadable);
    if (!found?.isDirectory) return null;
    const parsed = await this.#read(name);
    if ("problem" in parsed) return { skipped: parsed.problem };
    const files: SkillFile[] = [];
    await this.#collectFiles(name, "", maxDepth, files);
    return { ...parsed, files };
  }

  async #read(name: string): Promise<ParsedSkill | { problem: string }> {
    if (!isSkillName(name)) return { problem: badName };
    const path = `${name}/SKILL.md`;
    const entry = await this.#directory.stat(path).catch(ignoreUnreadable);
    if (!entry?.isFile) return { problem: "It has no file SKILL.md." };
    const version = versionOf(entry);
    const known = this.#known.get(name);
    if (known?.version === version) return known.parsed;
    const parsed = await this.#parse(name, path);
    if (this.#known.size >= maxSkills) this.#known.clear();
    this.#known.set(name, { version, parsed });
    return parsed;
  }

  async #parse(name: string, path: string): Promise<ParsedSkill | { problem: string }> {
    try {
      const { text } = await this.#directory.readText(path, maxSkillBytes);
      return await parseSkill(name, this.#source, text);
    } catch (error) {
      if (error instanceof ApiError) return { problem: `SKILL.md cannot be read: ${error.message}` };
      throw error;
    }
  }

  async #collectFiles(skill: string, within: string, depth: number, found: SkillFile[]): Promise<void> {
    const entries = await this.#directory.list(`${skill}/${within}`).catch(ignoreUnreadable);
    for (const entry of (entries ?? []).sort(byName)) {
      if (found.length >= maxFiles) return;
      const path = `${within}${entry.name}`;
      if (path === "SKILL.md" || /\p{Cc}/u.test(entry.name)) continue;
      if (entry.isFile) found.push({ path, size: entry.size });
      else if (entry.isDirectory && depth > 1) await this.#collectFiles(skill, `${path}/`, depth - 1, found);
    }
  }
}

function byName(left: Entry, right: Entry): number {
  return left.name < right.name ? -1 : 1;
}

function versionOf({ size, modifiedAt }: Entry): string {
  return `${size}-${modifiedAt.getTime()}`;
}

function ignoreUnreadable(error: unknown): null {
  if (error instanceof ApiError) return null;
  throw error;
}
