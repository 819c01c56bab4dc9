import { randomUUID } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, rename, unlink } from "node:fs/promises";
import { ApiError } from "../../protocol/error.ts";
import type { PendingFile } from "../directory.ts";
import type { DiskSpace } from "../space/disk-space.ts";
import { errnoOf, toDiskError } from "./disk-error.ts";
import { at, keepParent, type Place } from "./walk.ts";

/**
 * Starts a file that takes the place's name on commit, with the mode of the file it replaces. Throws ApiError
 * `not_a_file` where anything but a regular file stands there. What is written goes by `space`.
 */
export async function createPendingFile(
  place: Place,
  space: DiskSpace,
  durable: boolean,
): Promise<PendingFile> {
  const replaced = await statReplaced(place);
  const parent = await keepParent(place);
  const temporary = at({ parent }, `.zcbot-${randomUUID()}.tmp`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const mode = replaced ? replaced.mode & 0o777 : 0o666;
  let handle: FileHandle;
  try {
    handle = await open(temporary, flags, mode);
  } catch (error) {
    await parent.close();
    throw error;
  }
  let isOpen = true;
  let isDone = false;
  let size = 0;

  const closeFile = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await handle.close();
  };
  const discard = async (): Promise<void> => {
    if (isDone) return;
    isDone = true;
    await closeFile().catch(() => {});
    await unlink(temporary).catch(() => {});
    await parent.close();
  };
  const orDiscard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      await discard();
      throw toDiskError(error);
    }
  };
  if (replaced) await orDiscard(() => handle.chmod(mode));
  return {
    write: (chunk) =>
      orDiscard(async () => {
        await space.claim(chunk.length);
        await handle.writeFile(chunk);
        size += chunk.length;
      }),
    commit: () =>
      orDiscard(async () => {
        if (durable) await handle.sync();
        await closeFile();
        await rename(temporary, at({ parent }, place.name));
        if (durable) await syncDirectory(parent);
        isDone = true;
        await parent.close();
        return size;
      }),
    discard,
  };
}

/** Renames, so that whoever looks sees the one or the other file whole. */
export async function replacePlace(source: Place, target: Place): Promise<void> {
  const isRoot = source.name === "." || target.name === ".";
  if (isRoot) throw new ApiError("invalid_path", "This folder itself cannot be moved or replaced.");
  await statReplaced(target);
  await rename(at(source, source.name), at(target, target.name));
  await syncDirectory(target.parent);
}

/** What a new file would replace; throws ApiError `not_a_file` if that is anything but a regular file. */
async function statReplaced(place: Place): Promise<Stats | undefined> {
  try {
    const found = await lstat(at(place, place.name));
    if (found.isFile()) return found;
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
    return undefined;
  }
  throw new ApiError("not_a_file", "There is a folder or a special file at that path, not a file.");
}

/** Makes a new name survive a power cut. Some file systems cannot; there the name is as safe as it gets. */
async function syncDirectory(parent: FileHandle): Promise<void> {
  // The parent's own handle only names it.
  const handle = await open(at({ parent }, "."), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } catch (error) {
    if (errnoOf(error) !== "EINVAL") throw error;
  } finally {
    await handle.close();
  }
}
