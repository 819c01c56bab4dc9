import { randomUUID } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { ApiError } from "../../protocol/error.ts";
import type { Directory } from "../../workspace/directory.ts";
import { inTurn } from "../../workspace/trees/in-turn.ts";
import { removeTree } from "../../workspace/trees/remove-tree.ts";
import { unpackArchive } from "../../workspace/trees/unpack-archive.ts";
import { parseSkill } from "./parse-skill.ts";
import { maxSkillBytes } from "./skill-folder.ts";
import { userSkillsFolder } from "./skills.ts";

/** What a skill that is uploaded may hold, unpacked. */
const limits = { files: 200, bytes: 20 * 2 ** 20 };
/** Of one user. */
const maxUserSkills = 100;
const aside = ".zcbot-";
/** What is put aside for longer was left by a server that was killed. */
const staleMs = 3_600_000;

/**
 * Puts the skill of a .zip archive in the place of the user's own of that name, if there is one: unpacked beside it first, so
 * that a bad archive changes nothing. Throws ApiError `invalid_archive`, `invalid_skill`, `too_large`, and what the disk causes.
 */
export async function installSkill(root: Directory, name: string, archive: FileHandle): Promise<void> {
  const skills = root.child(userSkillsFolder);
  await root.makeDirectory(userSkillsFolder);
  await removeStale(skills);
  const fresh = `${aside}${randomUUID()}`;
  try {
    await unpackArchive(archive, await skills.subdirectory(fresh), limits);
    await refuseUnusable(skills, fresh, name);
    await inTurn(skills.hostPath, () => replace(skills, fresh, name));
  } finally {
    await removeTree(skills, fresh).catch(ignoreForNow);
  }
}

/** Removes a skill of the user's own. Throws `skill_not_found`. */
export async function removeSkill(root: Directory, name: string): Promise<void> {
  const skills = root.child(userSkillsFolder);
  const old = `${aside}${randomUUID()}`;
  await inTurn(skills.hostPath, () => skills.move(name, old)).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === "path_not_found")
      throw new ApiError(
        "skill_not_found",
        "You have no skill of that name. Those installed for everybody stay.",
      );
    throw error;
  });
  await removeTree(skills, old).catch(ignoreForNow);
}

async function refuseUnusable(skills: Directory, fresh: string, name: string): Promise<void> {
  const read = await skills.readText(`${fresh}/SKILL.md`, maxSkillBytes).catch((error: unknown) => {
    if (!(error instanceof ApiError)) throw error;
    const reason =
      error.code === "path_not_found"
        ? "The archive holds no SKILL.md, neither at its top nor in the one folder there."
        : `Its SKILL.md cannot be read: ${error.message}`;
    throw new ApiError("invalid_skill", reason);
  });
  const parsed = await parseSkill(name, "user", read.text);
  if ("problem" in parsed) throw new ApiError("invalid_skill", parsed.problem);
}

async function replace(skills: Directory, fresh: string, name: string): Promise<void> {
  const names = (await skills.list("")).map((entry) => entry.name).filter((each) => !each.startsWith(aside));
  const isThere = names.includes(name);
  if (!isThere && names.length >= maxUserSkills)
    throw new ApiError("too_large", `You may have ${maxUserSkills} skills. Delete one first.`);
  const old = `${aside}${randomUUID()}`;
  if (isThere) await skills.move(name, old);
  try {
    await skills.move(fresh, name);
  } catch (error) {
    if (isThere) await skills.move(old, name);
    throw error;
  }
  if (isThere) await removeTree(skills, old).catch(ignoreForNow);
}

async function removeStale(skills: Directory): Promise<void> {
  for (const { name, modifiedAt } of await skills.list("")) {
    if (!name.startsWith(aside) || Date.now() - modifiedAt.getTime() < staleMs) continue;
    await removeTree(skills, name).catch(ignoreForNow);
  }
}

/** What cannot be removed now is tried again later. */
function ignoreForNow(error: unknown): void {
  if (!(error instanceof ApiError)) throw error;
}
