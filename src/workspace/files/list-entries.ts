import type { Dirent, Stats } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import type { Entry, Page } from "../directory.ts";
import { errnoOf } from "./disk-error.ts";
import { decodeName } from "./name-codec.ts";
import { createPacer, sortInTurns } from "./take-turns.ts";
import { at, type Place } from "./walk.ts";

/** Looked at together. */
const batchSize = 64;
/** Read from the disk together: so many names take some 3 ms to become objects. */
const readSize = 128;
/** Of one directory; names beyond do not show, and are not counted. */
const maxNames = 200_000;
/** Of one page's directory: each is a walk of its own. */
const maxLinks = 1_000;
const largeDirectory = 2_048;

/** What stands at the end of a link, under the link's name; null leaves the link out. */
type Follow = (name: string) => Promise<Entry | null>;

/** All entries of the directory that a walk has entered, in no order. */
export async function listEntries(place: Place, follow: Follow): Promise<Entry[]> {
  return inBatches(await readNames(place, true), ({ name }) => look(place, name, follow));
}

/**
 * One page of the directory: folders first, then by name without case. Only the page's own files are looked at, so
 * that the size of the directory costs little; `count` is how many entries the directory has.
 */
export async function listPage(
  place: Place,
  { start, size, hidden }: Page,
  follow: Follow,
): Promise<{ entries: Entry[]; count: number }> {
  const names = await readNames(place, hidden);
  const links = names.filter(({ isLink }) => isLink).slice(0, maxLinks);
  const linked = new Map<string, Entry>();
  for (const entry of await inBatches(links, ({ name }) => follow(name))) linked.set(entry.name, entry);

  const shown = names.filter(({ name, isLink }) => !isLink || linked.has(name));
  const isFolder = ({ name, isDirectory }: Name) => isDirectory || linked.get(name)?.isDirectory;
  const sorted = await sortInTurns(
    shown,
    (found) => `${isFolder(found) ? 0 : 1}${found.name.toLowerCase()}\0${found.name}`,
  );
  const entries = await inBatches(
    sorted.slice(start, start + size),
    async ({ name }) => linked.get(name) ?? look(place, name, follow),
  );
  return { entries, count: sorted.length };
}

interface Name {
  name: string;
  isDirectory: boolean;
  isLink: boolean;
}

async function readNames(place: Place, hidden: boolean): Promise<Name[]> {
  const names: Name[] = [];
  const pace = createPacer();
  let leave: (() => void) | undefined;
  try {
    // Node's types do not know that names may be asked for as bytes.
    const options = { encoding: "buffer" as BufferEncoding, bufferSize: readSize };
    for await (const found of await opendir(at(place, "."), options)) {
      const name = decodeName((found as unknown as Dirent<Buffer>).name);
      if (!hidden && name.startsWith(".")) continue;
      if (names.length === maxNames) break;
      names.push({ name, isDirectory: found.isDirectory(), isLink: found.isSymbolicLink() });
      if (names.length === largeDirectory) leave = await enterLarge();
      await pace();
    }
  } finally {
    leave?.();
  }
  return names;
}

let large: Promise<void> = Promise.resolve();

/** Of large directories one is read at a time: whoever lists many at once waits for himself. */
async function enterLarge(): Promise<() => void> {
  const before = large;
  const { promise, resolve } = Promise.withResolvers<void>();
  large = before.then(() => promise);
  await before;
  return resolve;
}

async function inBatches<T>(items: T[], act: (item: T) => Promise<Entry | null>): Promise<Entry[]> {
  const entries: Entry[] = [];
  const pace = createPacer();
  for (let start = 0; start < items.length; start += batchSize) {
    for (const entry of await Promise.all(items.slice(start, start + batchSize).map(act))) {
      if (entry) entries.push(entry);
    }
    await pace();
  }
  return entries;
}

async function look(place: Place, name: string, follow: Follow): Promise<Entry | null> {
  try {
    const stats = await lstat(at(place, name));
    return stats.isSymbolicLink() ? await follow(name) : toEntry(name, stats);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** What is told of a file or directory. */
export function toEntry(name: string, stats: Stats): Entry {
  return {
    name,
    isDirectory: stats.isDirectory(),
    isFile: stats.isFile(),
    size: stats.size,
    modifiedAt: stats.mtime,
  };
}
