import { stat } from "node:fs/promises";
import type { Directory } from "../../workspace/directory.ts";
import { openDirectory } from "../../workspace/open-directory.ts";
import type { Sandbox } from "../../workspace/sandbox/sandbox.ts";
import type { Skill, SkillSource, SkillSummary, SkippedSkill } from "./skill.ts";
import { SkillFolder } from "./skill-folder.ts";

/** Where a user's own skills are, below the user's root. */
export const userSkillsFolder = ".skills";

export interface SkillList {
  skills: SkillSummary[];
  skipped: SkippedSkill[];
}

/** The skills that one user has: the user's own, and the operator's where the user has none of that name. */
export interface Skills {
  /** All of them, by name. */
  list(): Promise<SkillList>;
  /** Null where there is none of that name; `skipped` says why one that is there cannot be used. */
  load(name: string): Promise<Skill | { skipped: string } | null>;
  /** What an absolute path within a skill leads to, for reading alone; null where it leads to none. */
  door(path: string): Promise<{ directory: Directory; path: string } | null>;
}

/** Where there are no skills. */
export const noSkills: Skills = {
  list: async () => ({ skills: [], skipped: [] }),
  load: async () => null,
  door: async () => null,
};

interface Place {
  source: SkillSource;
  folder: SkillFolder;
  directory: Directory;
  /** Its path, as commands and the model see it. */
  inside: string;
}

/**
 * Gives users' skills: their own, and those in `folder`, an absolute path of the host that need not be there. `sandbox` says
 * where commands find them.
 */
export function createSkills(
  folder: string,
  sandbox: Pick<Sandbox, "pathOfSkills">,
): (userRoot: Directory) => Skills {
  let installed: Promise<Place | null> | undefined;
  const openInstalled = () => {
    installed ??= openPlace(folder, sandbox).then((place) => {
      // It may be made later.
      if (!place) installed = undefined;
      return place;
    });
    return installed;
  };
  const own = new WeakMap<Directory, Place>();
  return (userRoot) => {
    let users = own.get(userRoot);
    if (!users) {
      const directory = userRoot.child(userSkillsFolder);
      users = {
        source: "user",
        directory,
        folder: new SkillFolder(directory, "user"),
        inside: sandbox.pathOfSkills(directory.hostPath, "user"),
      };
      own.set(userRoot, users);
    }
    return skillsOf(users, openInstalled);
  };
}

async function openPlace(folder: string, sandbox: Pick<Sandbox, "pathOfSkills">): Promise<Place | null> {
  const found = await stat(folder).catch(() => null);
  if (!found?.isDirectory()) return null;
  const directory = await openDirectory(folder);
  return {
    source: "built_in",
    directory,
    folder: new SkillFolder(directory, "built_in"),
    inside: sandbox.pathOfSkills(folder, "built_in"),
  };
}

function skillsOf(own: Place, openInstalled: () => Promise<Place | null>): Skills {
  const places = async () => [own, await openInstalled()].filter((place) => place !== null);
  return {
    async list() {
      const lists = await Promise.all((await places()).map((place) => place.folder.list()));
      const skills = new Map<string, SkillSummary>();
      for (const skill of lists.flatMap((list) => list.skills)) {
        if (!skills.has(skill.name)) skills.set(skill.name, skill);
      }
      return {
        skills: [...skills.values()].sort((left, right) => (left.name < right.name ? -1 : 1)),
        skipped: lists.flatMap((list) => list.skipped),
      };
    },
    async load(name) {
      let skipped: { skipped: string } | null = null;
      for (const place of await places()) {
        const skill = await place.folder.load(name);
        if (skill && !("skipped" in skill)) return { ...skill, path: `${place.inside}/${name}` };
        skipped ??= skill;
      }
      return skipped;
    },
    async door(path) {
      for (const { inside, directory } of await places()) {
        if (path === inside) return { directory, path: "" };
        if (path.startsWith(`${inside}/`)) return { directory, path: path.slice(inside.length + 1) };
      }
      return null;
    },
  };
}
