import {
  type MemoryContent,
  type MemoryFile,
  type MemoryIndex,
  maxMemoryFileBytes,
} from "../../protocol/agent/memory.ts";
import { ApiError } from "../../protocol/error.ts";
import type { Directory } from "../../workspace/directory.ts";
import { inTurn } from "../../workspace/trees/in-turn.ts";
import { forgetMemory } from "./load-memory.ts";
import { listMemory, maxMemoryFiles, memoryFolder } from "./memory-folder.ts";
import {
  type Author,
  eraseVersions,
  keepVersion,
  listVersioned,
  listVersions,
  readVersion,
  removeEmptyFolders,
} from "./memory-versions.ts";

/** Of one user's files of memory together, their versions not counted. */
export const maxMemoryBytes = 2 ** 20;

/** All files of a user's memory, those included of which only versions are left. */
export async function readIndex(root: Directory): Promise<Omit<MemoryIndex, "enabled">> {
  const entries = await listMemory(root);
  const files = await Promise.all(
    entries.map(async ({ path, size, modifiedAt }) => ({
      path,
      size,
      updated_at: modifiedAt.toISOString(),
      versions: await listVersions(root, path),
    })),
  );
  const there = new Set(entries.map(({ path }) => path));
  const gone = (await listVersioned(root)).filter((path) => !there.has(path));
  const deleted = await Promise.all(
    gone.map(async (path) => {
      const versions = await listVersions(root, path);
      return { path, updated_at: versions[0]?.at ?? new Date(0).toISOString(), versions };
    }),
  );
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  return { files, deleted, bytes, max_bytes: maxMemoryBytes };
}

/** A file, or the version of it that is asked for. Throws `memory_not_found`. */
export async function readMemoryFile(
  root: Directory,
  path: string,
  version?: string,
): Promise<MemoryContent> {
  const versions = await listVersions(root, path);
  if (version !== undefined) {
    const text = await readVersion(root, path, version);
    const kept = versions.find((each) => each.version === version);
    if (text === null || !kept) throw notFound();
    return { path, content: text, size: kept.size, updated_at: kept.at, versions };
  }
  const { text, modifiedAt } = await readFile(root, path);
  return {
    path,
    content: text,
    size: Buffer.byteLength(text),
    updated_at: modifiedAt.toISOString(),
    versions,
  };
}

/**
 * Makes a file's text what `change` makes of the one there is, null for none there. What anybody wrote stays among its
 * versions, also where two write at once. Throws ApiError: `too_large`, and whatever the disk causes.
 */
export async function writeMemory(
  root: Directory,
  path: string,
  by: Author,
  change: (text: string | null) => string,
): Promise<MemoryFile> {
  return await inTurn(root.hostPath, async () => {
    const before = await keepFormer(root, path);
    const text = change(before);
    const size = Buffer.byteLength(text);
    if (text !== before) {
      await refuseExcess(root, path, size);
      await root.writeText(`${memoryFolder}/${path}`, text);
      forgetMemory(root, path);
      await keepVersion(root, path, { text, by, at: new Date() });
    }
    const { modifiedAt } = await root.stat(`${memoryFolder}/${path}`);
    return { path, size, updated_at: modifiedAt.toISOString(), versions: await listVersions(root, path) };
  });
}

/** Removes a file; its versions only where `erase` says so. Throws `memory_not_found` where there is nothing to remove. */
export async function removeMemory(
  root: Directory,
  path: string,
  { erase }: { erase: boolean },
): Promise<void> {
  await inTurn(root.hostPath, async () => {
    const before = erase ? null : await keepFormer(root, path);
    const isThere = before !== null || (await isFile(root, path));
    const hadVersions = erase && (await listVersions(root, path)).length > 0;
    if (!isThere && !hadVersions) throw notFound();
    if (isThere) await root.remove(`${memoryFolder}/${path}`);
    forgetMemory(root, path);
    if (erase) await eraseVersions(root, path);
    const parent = path.split("/").slice(0, -1).join("/");
    if (parent !== "") await removeEmptyFolders(root, memoryFolder, parent);
  });
}

/** What is there now becomes a version, unless it is one: somebody may have written it without this. */
async function keepFormer(root: Directory, path: string): Promise<string | null> {
  const former = await readFile(root, path).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === "memory_not_found") return null;
    throw error;
  });
  if (former) await keepVersion(root, path, { text: former.text, by: "unknown", at: former.modifiedAt });
  return former?.text ?? null;
}

async function readFile(root: Directory, path: string): Promise<{ text: string; modifiedAt: Date }> {
  const place = `${memoryFolder}/${path}`;
  try {
    const { modifiedAt } = await root.stat(place);
    return { text: (await root.readText(place, maxMemoryBytes)).text, modifiedAt };
  } catch (error) {
    if (error instanceof ApiError && error.code === "path_not_found") throw notFound();
    throw error;
  }
}

async function isFile(root: Directory, path: string): Promise<boolean> {
  const entry = await root.stat(`${memoryFolder}/${path}`).catch((error: unknown) => {
    if (error instanceof ApiError) return null;
    throw error;
  });
  return entry?.isFile ?? false;
}

async function refuseExcess(root: Directory, path: string, size: number): Promise<void> {
  if (size > maxMemoryFileBytes) {
    throw new ApiError(
      "too_large",
      `A file of memory is at most ${maxMemoryFileBytes} bytes; this would be ${size}. Keep what matters, in several files.`,
    );
  }
  const others = (await listMemory(root)).filter((entry) => entry.path !== path);
  if (others.length >= maxMemoryFiles)
    throw new ApiError(
      "too_large",
      `Memory holds ${maxMemoryFiles} files at most. Delete or join some first.`,
    );
  if (others.reduce((sum, entry) => sum + entry.size, size) > maxMemoryBytes)
    throw new ApiError(
      "too_large",
      `Memory holds ${maxMemoryBytes} bytes at most. Shorten or delete some first.`,
    );
}

function notFound(): ApiError {
  return new ApiError("memory_not_found", "There is no such file in your memory.");
}
