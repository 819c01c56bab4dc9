import type { Directory } from "../directory.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { createMatchReader, type TextLine } from "./match-reader.ts";
import { ripgrep, type SearchPlace } from "./ripgrep.ts";
import { fromRoot, splitNames } from "./split-names.ts";

export interface TextSearch extends SearchPlace {
  /** A regular expression in Rust's syntax. */
  pattern: string;
  ignoreCase?: boolean;
  /** Whether a match may go over several lines. */
  multiline?: boolean;
}

export interface LineSearch extends TextSearch {
  /** How many lines before and after each match. */
  context?: number;
  /** How many matches are passed over, and how many are wanted after them. */
  skip?: number;
  maxMatches: number;
}

/** Of one search, matches or files; what is beyond is not looked for. */
const maxFound = 10_000;

/**
 * Lines that match, by path and line; `count` is how many matches there are, and `isPartial` that there may be more,
 * and some of them before these. Leaves out hidden and binary files, what `.gitignore` names, and links. Throws as `ripgrep` does.
 */
export async function searchText(
  sandbox: Sandbox,
  directory: Directory,
  search: LineSearch,
  signal: AbortSignal,
): Promise<{ lines: TextLine[]; count: number; isPartial: boolean }> {
  const { context = 0, skip = 0, maxMatches } = search;
  const reader = createMatchReader(Math.max(maxFound, skip + maxMatches));
  const options = ["--json", `--context=${context}`, ...commonOptions(search)];
  // Unsorted, so that ripgrep uses all processors.
  const isWhole = await ripgrep(sandbox, directory, { ...search, options }, signal, { text: reader.add });
  return { ...reader.select(skip, maxMatches), isPartial: reader.isPartial || !isWhole };
}

/** Files with a match, by path, and how many of their lines match. Leaves out what `searchText` does, and throws so. */
export async function countMatches(
  sandbox: Sandbox,
  directory: Directory,
  search: TextSearch & { onlyFiles: boolean },
  signal: AbortSignal,
): Promise<{ files: { path: string; count: number }[]; isPartial: boolean }> {
  const files: { path: string; count: number }[] = [];
  const options = [...commonOptions(search), "--null", "--with-filename"];
  options.push(search.onlyFiles ? "--files-with-matches" : "--count");
  const add = (path: string, count: number): boolean =>
    files.push({ path: fromRoot(path), count }) < maxFound;
  const bytes = search.onlyFiles
    ? splitNames("\0", (path) => add(path, 1))
    : splitNames("\n", joinPieces(add));
  const isWhole = await ripgrep(sandbox, directory, { ...search, options }, signal, { bytes });
  files.sort((one, other) => (one.path < other.path ? -1 : 1));
  return { files, isPartial: !isWhole || files.length >= maxFound };
}

/** Puts `path NUL count` together again, where a path holds line breaks. */
function joinPieces(add: (path: string, count: number) => boolean): (piece: string) => boolean {
  let before = "";
  return (piece) => {
    const end = piece.indexOf("\0");
    if (end < 0) {
      before += `${piece}\n`;
      return true;
    }
    const path = before + piece.slice(0, end);
    before = "";
    return add(path, Number(piece.slice(end + 1)));
  };
}

function commonOptions({ ignoreCase = false, multiline = false }: TextSearch): string[] {
  return [
    ignoreCase ? "--ignore-case" : "--case-sensitive",
    ...(multiline ? ["--multiline", "--multiline-dotall"] : []),
  ];
}
