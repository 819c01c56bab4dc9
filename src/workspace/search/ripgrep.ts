import { rgPath } from "@vscode/ripgrep";
import { ApiError } from "../../protocol/error.ts";
import type { Directory } from "../directory.ts";
import { runCommand } from "../run-command.ts";
import type { Command, Sandbox } from "../sandbox/sandbox.ts";

/** What searches; a sandbox has to be told of it. */
export const searchProgram = rgPath;

/** Milliseconds; what was found until then is the answer, truncated. */
const timeoutMs = 60_000;

/** Where to search, and in which files. */
export interface SearchPlace {
  /** Directory or file to search in; the root by default. */
  path?: string | undefined;
  /** Which files, e.g. `*.ts` (at any depth) or `src/**` (from `path`). */
  glob?: string | undefined;
}

interface RipgrepCall extends SearchPlace {
  options: string[];
  /** Undefined for lists of files. */
  pattern?: string;
}

/** What takes the output; where `take` gives false, enough was found. */
export type Output = { text(text: string): boolean } | { bytes(chunk: Uint8Array): boolean };

// What is outside the tree (ignore files above it, the account's configuration) has no say.
const always = [
  "--no-config",
  "--no-messages",
  "--no-ignore-parent",
  "--no-ignore-global",
  "--no-require-git",
];

/**
 * Runs ripgrep in a directory and hands its output over until that is enough. False if the time was up before it was
 * done. Leaves out hidden and binary files, what `.gitignore` names, and links. Throws ApiError `invalid_request` for
 * a malformed pattern, what `path` causes, and the signal's reason.
 */
export async function ripgrep(
  sandbox: Sandbox,
  directory: Directory,
  { options, pattern, glob, path: wantedPath = "" }: RipgrepCall,
  signal: AbortSignal,
  output: Output,
): Promise<boolean> {
  const path = await placeToSearch(directory, wantedPath);
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
    ...takeUntilEnough(output, enough),
  });
  signal.throwIfAborted();
  // 1: nothing found. 2: a malformed pattern, or files that could not be read, of which nothing is said.
  if (result.exitCode === 2 && result.output.includes("error")) throw invalidPattern(result.output);
  return result.killedBy !== "timeout";
}

function takeUntilEnough(output: Output, enough: AbortController): Pick<Command, "onOutput" | "onBytes"> {
  const guard =
    <T>(take: (piece: T) => boolean) =>
    (piece: T): void => {
      if (!enough.signal.aborted && !take(piece)) enough.abort();
    };
  return "text" in output ? { onOutput: guard(output.text) } : { onBytes: guard(output.bytes) };
}

/** The canonical path; a FIFO or the like is refused here, as ripgrep would wait for it. */
async function placeToSearch(directory: Directory, path: string): Promise<string> {
  const entry = await directory.stat(path);
  if (!entry.isDirectory) await (await directory.open(path)).handle.close();
  return directory.resolve(path);
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
