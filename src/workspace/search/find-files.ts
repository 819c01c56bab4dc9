import { ApiError } from "../../protocol/error.ts";
import type { Directory } from "../directory.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { ripgrep } from "./ripgrep.ts";
import { fromRoot, splitNames } from "./split-names.ts";

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

/** Looked at together. */
const batchSize = 64;

/**
 * Files whose path matches, the most recently modified first, or by path where there are more than wanted: to look at
 * each would take longer than to find them. Leaves out what `searchText` leaves out but binary files. Throws as `ripgrep` does.
 */
export async function findFiles(
  sandbox: Sandbox,
  directory: Directory,
  { pattern, path, maxResults }: FileSearch,
  signal: AbortSignal,
): Promise<FoundFiles> {
  const first = keepFirst(maxResults);
  const bytes = splitNames("\0", (name) => first.add(fromRoot(name)));
  // Unsorted, so that ripgrep uses all processors.
  const options = ["--files", "--null"];
  const isWhole = await ripgrep(sandbox, directory, { options, glob: pattern, path }, signal, { bytes });
  const paths = first.take();
  const byTime = first.count === paths.length;
  if (byTime) await sortByTime(directory, paths);
  return { paths, count: first.count, isPartial: !isWhole, byTime };
}

/** Of all that is added, the first `wanted` in order. */
function keepFirst(wanted: number): { add(path: string): true; take(): string[]; readonly count: number } {
  const kept: string[] = [];
  let count = 0;
  let last: string | undefined;
  const shorten = (): void => {
    kept.sort();
    kept.length = Math.min(kept.length, wanted);
    last = kept.length === wanted ? kept.at(-1) : undefined;
  };
  return {
    get count() {
      return count;
    },
    add(path) {
      count++;
      if (last !== undefined && path > last) return true;
      kept.push(path);
      if (kept.length >= 4 * wanted) shorten();
      return true;
    },
    take() {
      shorten();
      return kept;
    },
  };
}

/** What vanishes meanwhile comes last. */
async function sortByTime(directory: Directory, paths: string[]): Promise<void> {
  const times = new Map<string, number>();
  for (let start = 0; start < paths.length; start += batchSize) {
    await Promise.all(
      paths.slice(start, start + batchSize).map(async (path) => {
        times.set(path, await timeOf(directory, path));
      }),
    );
  }
  paths.sort((one, other) => (times.get(other) ?? 0) - (times.get(one) ?? 0) || (one < other ? -1 : 1));
}

async function timeOf(directory: Directory, path: string): Promise<number> {
  try {
    return (await directory.stat(path)).modifiedAt.getTime();
  } catch (error) {
    if (error instanceof ApiError) return 0;
    throw error;
  }
}
