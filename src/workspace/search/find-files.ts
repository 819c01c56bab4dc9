import { ApiError } from "../../protocol/error.ts";
import type { Directory } from "../directory.ts";
import { sortInTurns } from "../files/take-turns.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { ripgrep } from "./ripgrep.ts";
import { decodePath, splitRecords } from "./split-records.ts";

export interface FileSearch {
  /** Which files, e.g. `*.ts` (at any depth) or `src/**` (from `path`). */
  pattern: string;
  /** Directory to look in; the root by default. */
  path?: string;
  maxResults: number;
}

export interface FoundFiles {
  paths: string[];
  /** How many there are. */
  count: number;
  /** Whether that is only how many were found in time. */
  isPartial: boolean;
  /** Whether they are sorted by time; else by path. */
  byTime: boolean;
}

/** So many files are sorted by time: to look at each of more would take longer than to find them. */
const maxByTime = 1_000;
/** Looked at together. */
const batchSize = 64;
const maxCount = 500_000;

/**
 * Files whose path matches, the most recently modified first, or by path where there are very many; leaves out what
 * `searchText` leaves out but binary files. Throws as `ripgrep` does.
 */
export async function findFiles(
  sandbox: Sandbox,
  directory: Directory,
  { pattern, path, maxResults }: FileSearch,
  signal: AbortSignal,
): Promise<FoundFiles> {
  const found: string[] = [];
  const bytes = splitRecords(0, (record) => found.push(decodePath(record)) < maxCount);
  // Unsorted, so that ripgrep uses all processors.
  const options = ["--files", "--null"];
  const isWhole = await ripgrep(sandbox, directory, { options, glob: pattern, path }, signal, { bytes });
  const isPartial = !isWhole || found.length >= maxCount;
  const byTime = found.length <= maxByTime;
  const paths = byTime ? await sortByTime(directory, found) : await sortInTurns(found, (each) => each);
  return { paths: paths.slice(0, maxResults), count: found.length, isPartial, byTime };
}

/** What vanishes meanwhile comes last. */
async function sortByTime(directory: Directory, paths: string[]): Promise<string[]> {
  const times = new Map<string, number>();
  for (let start = 0; start < paths.length; start += batchSize) {
    await Promise.all(
      paths.slice(start, start + batchSize).map(async (path) => {
        times.set(path, await timeOf(directory, path));
      }),
    );
  }
  return paths.sort(
    (one, other) => (times.get(other) ?? 0) - (times.get(one) ?? 0) || (one < other ? -1 : 1),
  );
}

async function timeOf(directory: Directory, path: string): Promise<number> {
  try {
    return (await directory.stat(path)).modifiedAt.getTime();
  } catch (error) {
    if (error instanceof ApiError) return 0;
    throw error;
  }
}
