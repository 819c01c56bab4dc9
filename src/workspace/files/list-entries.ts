import type { Stats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import type { Entry } from "../directory.ts";
import { errnoOf } from "./disk-error.ts";
import { at, type Place } from "./walk.ts";

/** Looked at together. */
const batchSize = 64;

/**
 * Entries of the directory that a walk has entered. `follow` says what stands at the end of a link, by the
 * link's name; null leaves the link out. Bytes that are no UTF-8 show as U+FFFD.
 */
export async function listEntries(
  place: Place,
  follow: (name: string) => Promise<Entry | null>,
): Promise<Entry[]> {
  const names = await readdir(at(place, "."), { encoding: "buffer" });
  const entries: Entry[] = [];
  for (let start = 0; start < names.length; start += batchSize) {
    const batch = names.slice(start, start + batchSize);
    const found = await Promise.all(batch.map((name) => look(place, name, follow)));
    for (const entry of found) if (entry) entries.push(entry);
  }
  return entries;
}

async function look(
  place: Place,
  name: Buffer,
  follow: (name: string) => Promise<Entry | null>,
): Promise<Entry | null> {
  try {
    const stats = await lstat(Buffer.concat([Buffer.from(at(place, "")), name]));
    const shown = name.toString("utf8");
    return stats.isSymbolicLink() ? await follow(shown) : toEntry(shown, stats);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** What is told of a file or directory. */
export function toEntry(name: string, stats: Stats): Entry {
  return { name, isDirectory: stats.isDirectory(), size: stats.size, modifiedAt: stats.mtime };
}
