import { lstat, mkdir, realpath, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { ApiError } from "../protocol/error.ts";
import type { Directory, Entry, PendingFile } from "./directory.ts";
import { errnoOf, toDiskError } from "./files/disk-error.ts";
import { listEntries, listPage, toEntry } from "./files/list-entries.ts";
import { openFile, readWhole } from "./files/open-file.ts";
import { createPendingFile, replacePlace } from "./files/pending-file.ts";
import { at, type Place, type Root, walk } from "./files/walk.ts";
import { type DiskSpace, unlimitedSpace } from "./space/disk-space.ts";

/**
 * The tree at an absolute host path, which is made where it is missing. The path itself is trusted. What is written
 * goes by `space`, where one is given.
 */
export async function openDirectory(hostPath: string, space = unlimitedSpace): Promise<Directory> {
  try {
    await mkdir(hostPath, { recursive: true });
    return createDirectory({ base: await realpath(hostPath), names: [] }, space);
  } catch (error) {
    throw toDiskError(error);
  }
}

function createDirectory(root: Root, space: DiskSpace): Directory {
  const directory: Directory = {
    hostPath: join(root.base, ...root.names),
    space,
    subdirectory: (path) =>
      walk(root, path, "make", async ({ names }) =>
        createDirectory({ base: root.base, names: [...root.names, ...names] }, space),
      ),
    child: (name) => createDirectory({ base: root.base, names: [...root.names, name] }, space),
    resolve: (path) => walk(root, path, "follow", async ({ names }) => names.join("/")),
    stat: (path) => walk(root, path, "follow", statPlace),
    lacks: (name) =>
      lstat(join(directory.hostPath, name)).then(
        () => false,
        (error) => errnoOf(error) === "ENOENT",
      ),
    list: (path) =>
      walk(root, path, "enter", (place) =>
        listEntries(place, (name) => followEntry(directory, [...place.names, name].join("/"), name)),
      ),
    listPage: (path, page) =>
      walk(root, path, "enter", (place) =>
        listPage(place, page, (name) => followEntry(directory, [...place.names, name].join("/"), name)),
      ),
    open: (path) => walk(root, path, "follow", openFile),
    async readText(path, maxBytes) {
      const file = await directory.open(path);
      try {
        return { text: await readWhole(file, maxBytes), version: file.version };
      } catch (error) {
        throw toDiskError(error);
      } finally {
        await file.handle.close();
      }
    },
    async writeText(path, text) {
      const file = await directory.create(path);
      await file.write(Buffer.from(text));
      await file.commit();
    },
    async create(path, { durable = true } = {}) {
      await space.check();
      return walk(root, path, "prepare", (place) => createAt(place, space, durable));
    },
    makeDirectory: (path) => walk(root, path, "make", async () => {}),
    move: (from, to) =>
      walk(root, from, "stay", (source) =>
        walk(root, to, "prepare", (target) => replacePlace(source, target)),
      ),
    async remove(path) {
      await walk(root, path, "stay", removePlace);
      space.touch();
    },
  };
  return directory;
}

async function statPlace(place: Place): Promise<Entry> {
  const stats = await lstat(at(place, place.name));
  if (stats.isSymbolicLink()) throw new ApiError("invalid_path", "The path changes while it is used.");
  return toEntry(place.names.at(-1) ?? "", stats);
}

/** What a link leads to, under the link's name; null where that is nothing or outside. */
async function followEntry(directory: Directory, path: string, name: string): Promise<Entry | null> {
  try {
    return { ...(await directory.stat(path)), name };
  } catch (error) {
    if (error instanceof ApiError && error.code !== "unavailable") return null;
    throw error;
  }
}

async function createAt(place: Place, space: DiskSpace, durable: boolean): Promise<PendingFile> {
  if (place.name === ".") throw new ApiError("not_a_file", "There is a folder at that path, not a file.");
  return createPendingFile(place, space, durable);
}

async function removePlace(place: Place): Promise<void> {
  if (place.name === ".") throw new ApiError("root_not_deletable", "This folder itself cannot be deleted.");
  const path = at(place, place.name);
  try {
    await unlink(path);
  } catch (error) {
    // Linux says EISDIR for a directory, macOS EPERM.
    if (errnoOf(error) !== "EISDIR" && errnoOf(error) !== "EPERM") throw error;
    await rmdir(path);
  }
}
