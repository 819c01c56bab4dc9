import { rgPath } from "@vscode/ripgrep";
import { ApiError } from "../protocol/error.ts";
import type { Directory } from "./directory.ts";
import { runCommand } from "./run-command.ts";

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

export interface TextMatch {
  /** Relative to the directory's root. */
  path: string;
  /** Line number, from 1. */
  line: number;
  /** The line without its end, cut after 500 characters. */
  text: string;
}

export interface FileSearch {
  /** Which files, e.g. `*.ts` (at any depth) or `src/**` (from `path`). */
  pattern: string;
  /** Directory to look in; the root by default. */
  path?: string;
  maxResults: number;
}

/**
 * Lines that match, by path and line. Leaves out hidden and binary files, what `.gitignore` names, and links.
 * `truncated`: there are more. Throws ApiError `invalid_request` for a malformed pattern, and what `path` causes.
 */
export async function searchText(
  directory: Directory,
  search: TextSearch,
  signal: AbortSignal,
): Promise<{ matches: TextMatch[]; truncated: boolean }> {
  throw new ApiError("unavailable", `${directory.hostPath}${search.path}${signal}${rgPath}${runCommand}`);
}

/** Files whose path matches, most recently modified first; leaves out what `searchText` leaves out but binary files. */
export async function findFiles(
  directory: Directory,
  search: FileSearch,
  signal: AbortSignal,
): Promise<{ paths: string[]; truncated: boolean }> {
  throw new ApiError("unavailable", `${directory.hostPath}${search.path}${signal}`);
}
