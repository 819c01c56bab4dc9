import type { MemoryVersion } from "../../protocol/agent/memory.ts";
import { ApiError } from "../../protocol/error.ts";
import type { Directory, Entry } from "../../workspace/directory.ts";
import { memoryFolder } from "./memory-folder.ts";

export type Author = MemoryVersion["by"];

/** Each file's versions are in a folder of its name. */
const versionsFolder = `${memoryFolder}/.versions`;
/** Kept of one file. */
const maxVersions = 20;
/** Kept of one user, with those of files that are gone. */
const maxAllVersions = 2_000;
const maxAllBytes = 8 * 2 ** 20;
const maxDepth = 5;

const versionName = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-(agent|person|unknown)\.md$/;

/** What is kept of a file of memory, newest first. */
export async function listVersions(root: Directory, path: string): Promise<MemoryVersion[]> {
  const entries = await root.list(`${versionsFolder}/${path}`).catch(ignoreUnreadable);
  return (entries ?? []).flatMap(toVersion).sort(newestFirst);
}

/** The files of which versions are kept. */
export async function listVersioned(root: Directory): Promise<string[]> {
  const all = await collectVersions(root);
  return [...new Set(all.map(({ path }) => path))].sort();
}

/** The text of a version; null where there is none of that name. */
export async function readVersion(root: Directory, path: string, version: string): Promise<string | null> {
  if (!versionName.test(`${version}.md`)) return null;
  const read = await root
    .readText(`${versionsFolder}/${path}/${version}.md`, maxAllBytes)
    .catch(ignoreUnreadable);
  return read?.text ?? null;
}

/** Keeps a text as the newest version of a file, unless that is what the newest one says already. */
export async function keepVersion(
  root: Directory,
  path: string,
  { text, by, at }: { text: string; by: Author; at: Date },
): Promise<void> {
  const [newest] = await listVersions(root, path);
  if (newest && by === "unknown" && (await readVersion(root, path, newest.version)) === text) return;
  const time = new Date(Math.max(at.getTime(), newest ? Date.parse(newest.at) + 1 : 0));
  const name = `${time.toISOString().replaceAll(/[-:.]/g, "")}-${by}.md`;
  await root.writeText(`${versionsFolder}/${path}/${name}`, text);
  await prune(root);
}

/** Forgets all versions of a file. */
export async function eraseVersions(root: Directory, path: string): Promise<void> {
  for (const { version } of await listVersions(root, path))
    await root.remove(`${versionsFolder}/${path}/${version}.md`).catch(ignoreUnreadable);
  await removeEmptyFolders(root, versionsFolder, path);
}

/** Removes the folders of a path below `base`, from the last one up, that hold nothing. */
export async function removeEmptyFolders(root: Directory, base: string, path: string): Promise<void> {
  const names = path.split("/");
  for (let count = names.length; count > 0; count--)
    await root.remove(`${base}/${names.slice(0, count).join("/")}`).catch(ignoreUnreadable);
}

interface KeptVersion extends MemoryVersion {
  path: string;
}

async function collectVersions(root: Directory): Promise<KeptVersion[]> {
  const found: KeptVersion[] = [];
  const enter = async (path: string, depth: number): Promise<void> => {
    const entries = await root.list(`${versionsFolder}/${path}`).catch(ignoreUnreadable);
    for (const entry of entries ?? []) {
      if (entry.isDirectory && depth > 1)
        await enter(path === "" ? entry.name : `${path}/${entry.name}`, depth - 1);
      else found.push(...toVersion(entry).map((version) => ({ ...version, path })));
    }
  };
  await enter("", maxDepth);
  return found;
}

async function prune(root: Directory): Promise<void> {
  const all = (await collectVersions(root)).sort(newestFirst);
  const counts = new Map<string, number>();
  let bytes = 0;
  for (const [index, { path, version, size }] of all.entries()) {
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    bytes += size;
    if (count <= maxVersions && index < maxAllVersions && bytes <= maxAllBytes) continue;
    await root.remove(`${versionsFolder}/${path}/${version}.md`).catch(ignoreUnreadable);
    await removeEmptyFolders(root, versionsFolder, path);
  }
}

function toVersion({ name, size, isFile }: Entry): MemoryVersion[] {
  const match = versionName.exec(name);
  if (!match || !isFile) return [];
  const [, year, month, day, hour, minute, second, millisecond, by] = match;
  const at = `${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}Z`;
  return [{ version: name.slice(0, -3), at, by: by as Author, size }];
}

function newestFirst(left: MemoryVersion, right: MemoryVersion): number {
  return left.version < right.version ? 1 : -1;
}

function ignoreUnreadable(error: unknown): null {
  if (error instanceof ApiError) return null;
  throw error;
}
