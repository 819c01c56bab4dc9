import { rgPath } from "@vscode/ripgrep";
import { ApiError } from "../protocol/error.ts";
import type { Directory } from "./directory.ts";
import { createMatchReader, type TextMatch } from "./processes/match-reader.ts";
import { runCommand } from "./run-command.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";

export interface TextSearch {
  /** A regular expression in Rust's syntax. */
  pattern: string;
  /** Directory or file to search in; the root by default. */
  path?: string;
  /** Which files, e.g. `*.ts` (at any depth) or `src/**` (from `path`). */
  glob?: string;
  ignoreCase?: boolean;
  maxMatches: number;
}

export interface FileSearch {
  /** Which files, e.g. `*.ts` (at any depth) or `src/**` (from `path`). */
  pattern: string;
  /** Directory to look in; the root by default. */
  path?: string;
  maxResults: number;
}

/** What searches; a sandbox has to be told of it. */
export const searchProgram = rgPath;

/** Milliseconds; what was found until then is the answer, truncated. */
const timeoutMs = 60_000;

/**
 * Lines that match, by path and line. Leaves out hidden and binary files, what `.gitignore` names, and links.
 * `truncated`: there are more. Throws ApiError `invalid_request` for a malformed pattern, what `path` causes,
 * and the signal's reason.
 */
export async function searchText(
  sandbox: Sandbox,
  directory: Directory,
  search: TextSearch,
  signal: AbortSignal,
): Promise<{ matches: TextMatch[]; truncated: boolean }> {
  const { pattern, glob, ignoreCase = false, maxMatches } = search;
  const path = await placeToSearch(directory, search.path ?? "");
  const options = ["--json", "--sort", "path", ignoreCase ? "--ignore-case" : "--case-sensitive"];
  const reader = createMatchReader(maxMatches);
  const isWhole = await ripgrep(sandbox, directory, { options, glob, pattern, path }, signal, reader.add);
  return { matches: reader.matches, truncated: reader.truncated || !isWhole };
}

/**
 * Files whose path matches, most recently modified first; leaves out what `searchText` leaves out but binary
 * files. Throws as `searchText` does.
 */
export async function findFiles(
  sandbox: Sandbox,
  directory: Directory,
  search: FileSearch,
  signal: AbortSignal,
): Promise<{ paths: string[]; truncated: boolean }> {
  const path = await placeToSearch(directory, search.path ?? "");
  const paths: string[] = [];
  let rest = "";
  let truncated = false;
  const add = (text: string): boolean => {
    const parts = (rest + text).split("\0");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      if (paths.length === search.maxResults) truncated = true;
      else paths.push(part.replace(/^\.\//, ""));
    }
    return !truncated;
  };
  const options = ["--files", "--null", "--sortr", "modified"];
  const isWhole = await ripgrep(sandbox, directory, { options, glob: search.pattern, path }, signal, add);
  return { paths, truncated: truncated || !isWhole };
}

/** The canonical path; a FIFO or the like is refused here, as ripgrep would wait for it. */
async function placeToSearch(directory: Directory, path: string): Promise<string> {
  const entry = await directory.stat(path);
  if (!entry.isDirectory) await (await directory.open(path)).handle.close();
  return directory.resolve(path);
}

interface RipgrepCall {
  options: string[];
  /** Undefined for lists of files. */
  pattern?: string;
  glob: string | undefined;
  path: string;
}

// What is outside the tree (ignore files above it, the account's configuration) has no say.
const always = [
  "--no-config",
  "--no-messages",
  "--no-ignore-parent",
  "--no-ignore-global",
  "--no-require-git",
];

/** Feeds ripgrep's output to `take` until that says false. False if the time was up before ripgrep was done. */
async function ripgrep(
  sandbox: Sandbox,
  directory: Directory,
  { options, pattern, glob, path }: RipgrepCall,
  signal: AbortSignal,
  take: (text: string) => boolean,
): Promise<boolean> {
  signal.throwIfAborted();
  const enough = new AbortController();
  const wanted = glob === undefined ? [] : wantedFiles(glob, path);
  // A file of the root's own rules comes later than the wanted files, and so wins; rg looks only from `path` down.
  const ignoreFiles = [...(wanted.length > 0 ? ["/dev/stdin"] : []), ...(path === "" ? [] : [".gitignore"])];
  const argv = [
    ...[sandbox.pathOfProgram(searchProgram), ...always, ...options],
    ...ignoreFiles.map((file) => `--ignore-file=${file}`),
    ...(pattern === undefined ? [] : [`--regexp=${pattern}`]),
    ...["--", path === "" ? "./" : path],
  ];
  const result = await runCommand(sandbox, {
    // Through a pipe of the shell's: a socket, which Node gives, cannot be opened by name.
    argv: ["sh", "-c", 'printf "%s" "$WANTED" | "$@"', "sh", ...argv],
    env: { WANTED: wanted.join("\n") },
    cwd: directory.hostPath,
    writes: false,
    timeoutMs,
    maxOutputBytes: 4_096,
    signal: AbortSignal.any([signal, enough.signal]),
    onOutput(text) {
      if (!enough.signal.aborted && !take(text)) enough.abort();
    },
  });
  signal.throwIfAborted();
  // 1: nothing found. 2: a malformed pattern, or files that could not be read, of which nothing is said.
  if (result.exitCode === 2 && result.output.includes("error")) throw invalidPattern(result.output);
  return result.killedBy !== "timeout";
}

/**
 * The glob as an ignore file: everything but what it matches. Given as `--glob` it would bring back files that
 * `.gitignore` names, and hidden ones.
 */
function wantedFiles(glob: string, path: string): string[] {
  const isAnchored = glob.replace(/\/$/, "").includes("/");
  const escaped = path.replace(/[[\]{}*?!\\]/g, "\\$&");
  const below = path === "" ? "" : `/${escaped}`;
  const wanted = isAnchored ? `${below}/${glob.replace(/^\.?\//, "")}` : glob;
  return ["*", "!*/", `!${wanted}`, ".*", ""];
}

function invalidPattern(output: string): ApiError {
  return new ApiError("invalid_request", `The pattern is malformed. ${output.replace(/^rg: /, "").trim()}`);
}
