import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readlink } from "node:fs/promises";
import { ApiError } from "../../protocol/error.ts";
import { errnoOf, toDiskError } from "./disk-error.ts";
import { decodeName, encodeName, isNameSpelling, toSystemName } from "./name-codec.ts";

/** Where walks start and what they never leave. */
export interface Root {
  /** Absolute and canonical path of a directory that only the server's operator can replace. */
  base: string;
  /** Names from `base` down to the root. What they name may be replaced by anyone, so each walk takes them anew. */
  names: readonly string[];
}

/** The end of a walk: a name in an open directory, which is no link, or was none when it was looked at. */
export interface Place {
  /** Opens the parent; only for `at`, and closed by the walk. */
  parent: FileHandle;
  /** "." for the root itself. */
  name: string;
  /** Names from the root, `name` included; none for the root. */
  names: string[];
}

/**
 * What a walk does at its last part. `stay`: nothing, link or not. `follow`: takes links. `prepare`: the same, and
 * directories missing on the way are made. `enter`: opens it as a directory. `make`: the same, and makes it where
 * it is missing.
 */
export type LastPart = "stay" | "follow" | "prepare" | "enter" | "make";

const maxLinks = 40;
/** Of one walk; a path with many `..` takes its way again and again. */
const maxSteps = 10_000;
const maxPathBytes = 4095;
const maxNameBytes = 255;

/** `O_PATH` (Linux): a handle that only names a place; opening so neither reads, blocks nor needs permission. */
const pathOnly = process.platform === "linux" ? 0o10000000 : 0;
const openDirectoryOnly = pathOnly | constants.O_DIRECTORY;

/**
 * The host path of `name` in an open directory. On Linux it goes through the handle, so that nothing that happens
 * to the names above can lead elsewhere. macOS has no such way: there it is a plain path, for development only.
 */
export function at(place: Pick<Place, "parent">, name: string): string | Buffer {
  const through = hostPaths.get(place.parent) ?? `/proc/self/fd/${place.parent.fd}`;
  return toSystemName(`${through}/${name}`);
}

const hostPaths = new WeakMap<FileHandle, string>();

/**
 * Walks `path` from `root` part by part through directory handles, takes links by hand, hands the place
 * to `act` and closes the handles. Nothing outside the root is ever opened. Throws only ApiError for what the
 * path or the disk causes, also within `act`.
 */
export async function walk<T>(
  root: Root,
  path: string,
  last: LastPart,
  act: (place: Place) => Promise<T>,
): Promise<T> {
  refuse(path);
  const parts = [...root.names, ...split(path)].reverse();
  const walker: Walker = { root, last, names: [], parts, links: 0, steps: 0, handle: undefined };
  try {
    return await act(await goTo(walker));
  } catch (error) {
    throw toDiskError(error);
  } finally {
    await walker.handle?.close();
  }
}

interface Walker {
  readonly root: Root;
  readonly last: LastPart;
  /** Names from the base to `handle`. */
  names: string[];
  /** Still to go, the next one last. */
  readonly parts: string[];
  links: number;
  steps: number;
  handle: FileHandle | undefined;
}

async function goTo(walker: Walker): Promise<Place> {
  const { root, last, parts } = walker;
  const entersLast = last === "enter" || last === "make";
  await moveTo(walker, await openBase(root.base));
  for (;;) {
    if (++walker.steps > maxSteps) throw leadsAstray("The path has too many parts.");
    const part = parts.pop();
    const parent = walker.handle;
    if (parent === undefined) throw new Error("a walk has lost its handle");
    if (part === undefined) return { parent, name: ".", names: walker.names.slice(root.names.length) };
    if (part === "..") {
      await goUp(walker);
      continue;
    }
    const isLast = parts.length === 0 && walker.names.length >= root.names.length;
    if (!isLast || entersLast) await goDown(walker, parent, part);
    else if (last === "stay" || !(await takeLink(walker, parent, part))) {
      return { parent, name: part, names: [...walker.names.slice(root.names.length), part] };
    }
  }
}

/** Enters a directory, or takes the link that stands there instead. */
async function goDown(walker: Walker, parent: FileHandle, part: string): Promise<void> {
  const { last, parts } = walker;
  const path = at({ parent }, part);
  try {
    const next = await open(path, openDirectoryOnly | constants.O_NOFOLLOW);
    walker.names.push(part);
    await moveTo(walker, next);
  } catch (error) {
    const code = errnoOf(error);
    const makes = last === "prepare" || last === "make";
    if (code === "ENOENT") {
      if (skipMissing(walker, part)) return;
      if (!makes) throw error;
      await makeAgain(walker, path, part);
    } else if (code !== "ENOTDIR" && code !== "ELOOP") throw error;
    else if (!(await takeLink(walker, parent, part))) {
      // Below a file there is nothing; who wants to make something there hears why that cannot be.
      if (makes || parts.length === 0) throw error;
      throw new ApiError("path_not_found", "There is nothing at that path.", { cause: error });
    }
  }
}

/** Below what is missing there are no links, so that `missing/..` is a matter of text. False if there is no `..`. */
function skipMissing({ root, names, parts }: Walker, part: string): boolean {
  const isBelowRoot = names.length >= root.names.length;
  const rest = cancelOut([part, ...parts.toReversed()]);
  if (!isBelowRoot || rest.length > parts.length) return false;
  parts.splice(0, parts.length, ...rest.reverse());
  return true;
}

async function makeAgain(walker: Walker, path: string | Buffer, part: string): Promise<void> {
  await mkdir(path).catch((error) => {
    if (errnoOf(error) !== "EEXIST") throw error;
  });
  walker.parts.push(part);
}

/** `..`: the way from the base is taken anew, as the directory may have been moved since. */
async function goUp(walker: Walker): Promise<void> {
  const { root, names, parts } = walker;
  if (names.length <= root.names.length) throw leadsAstray("The path leads out of your folder.");
  names.pop();
  parts.push(...names.toReversed());
  walker.names = [];
  await moveTo(walker, await openBase(root.base));
}

/** Puts a link's target in its place; false if there is no link. */
async function takeLink(walker: Walker, parent: FileHandle, part: string): Promise<boolean> {
  const { root, names, parts } = walker;
  let target: string;
  try {
    target = decodeName(await readlink(at({ parent }, part), { encoding: "buffer" }));
  } catch (error) {
    if (errnoOf(error) === "EINVAL" || errnoOf(error) === "ENOENT") return false;
    throw error;
  }
  if (names.length < root.names.length) throw leadsAstray("The folder has been replaced by a link.");
  if (++walker.links > maxLinks) throw leadsAstray("The path goes through too many links.");
  if (!target.startsWith("/")) {
    parts.push(...split(target).reverse());
    return true;
  }
  const inside = [root.base, ...root.names].join("/");
  if (target !== inside && !target.startsWith(`${inside}/`)) {
    throw leadsAstray("The path has a link that leads out of your folder.");
  }
  parts.push(...split(target.slice(inside.length)).reverse(), ...root.names.toReversed());
  walker.names = [];
  await moveTo(walker, await openBase(root.base));
  return true;
}

/** A handle of the place's parent that outlives the walk; the caller closes it. */
export async function keepParent(place: Place): Promise<FileHandle> {
  const handle = await open(at(place, "."), openDirectoryOnly);
  const hostPath = hostPaths.get(place.parent);
  if (hostPath !== undefined) hostPaths.set(handle, hostPath);
  return handle;
}

async function openBase(base: string): Promise<FileHandle> {
  const handle = await open(base, openDirectoryOnly);
  if (pathOnly === 0) hostPaths.set(handle, base);
  return handle;
}

async function moveTo(walker: Walker, next: FileHandle): Promise<void> {
  const last = walker.handle;
  if (pathOnly === 0) hostPaths.set(next, [walker.root.base, ...walker.names].join("/"));
  walker.handle = next;
  await last?.close();
}

function split(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

/** `a/x/../b` becomes `a/b`. */
function cancelOut(parts: string[]): string[] {
  const rest: string[] = [];
  for (const part of parts) {
    if (part === ".." && rest.length > 0 && rest.at(-1) !== "..") rest.pop();
    else rest.push(part);
  }
  return rest;
}

function refuse(path: string): void {
  if (path.startsWith("/") || path.startsWith("\\")) {
    throw leadsAstray("Give a path relative to your folder, without a leading slash.");
  }
  if (path.includes("\0") || !path.isWellFormed()) {
    throw leadsAstray("A path holds neither NUL characters nor lone surrogates.");
  }
  const isTooLong =
    path.length > maxPathBytes ||
    encodeName(path).length > maxPathBytes ||
    split(path).some((part) => part.length > maxNameBytes / 3 && encodeName(part).length > maxNameBytes);
  if (isTooLong) {
    throw new ApiError("name_too_long", "A name is at most 255 bytes long, a path 4,095. Use a shorter one.");
  }
  if (!isNameSpelling(path)) throw leadsAstray("The path holds a name that is not spelled as in lists.");
}

function leadsAstray(message: string): ApiError {
  return new ApiError("invalid_path", message);
}
