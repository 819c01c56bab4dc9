import { ApiError } from "../../../protocol/error.ts";
import type { ProcessEnd } from "../../../workspace/processes/background-processes.ts";
import { runCommand } from "../../../workspace/run-command.ts";
import type { CommandResult } from "../../../workspace/sandbox/sandbox.ts";
import type { Workplace } from "../tool.ts";

/** A command for bash, in the working directory. */
export interface ShellCommand {
  command: string;
  timeoutSeconds: number;
  signal: AbortSignal;
  onOutput(text: string): void;
}

/**
 * Runs a command within the user's room on the disk; everything it says goes to `onOutput`. Its end is told as "exit
 * code 0, 1.2 s". Throws as `runCommand` does.
 */
export async function runShell(
  { directory, sandbox }: Pick<Workplace, "directory" | "sandbox">,
  { command, timeoutSeconds, signal, onOutput }: ShellCommand,
): Promise<ProcessEnd> {
  const room = await directory.space.room();
  const watch = directory.space.watch(signal);
  try {
    // The person may have removed it since.
    await directory.makeDirectory("");
    const result = await runCommand(sandbox, {
      argv: [...withinRoom(room), "bash", "-c", command],
      cwd: directory.hostPath,
      network: true,
      timeoutMs: timeoutSeconds * 1000,
      maxOutputBytes: 0,
      signal: watch.signal,
      onOutput,
    });
    const { reason } = watch.signal;
    const outgrown = reason instanceof ApiError ? reason.message : undefined;
    return {
      text: `${outgrown ?? describeEnd(result, timeoutSeconds)}, ${(result.durationMs / 1000).toFixed(1)} s`,
      isError: result.exitCode !== 0 || result.killedBy !== null,
    };
  } finally {
    watch.end();
  }
}

/** Room with which no command comes to its end in an instant, bytes. */
const muchRoom = 2 ** 30;

/** Near the end of the room no file grows beyond what is left; beyond the quota none grows, but what frees space works. */
function withinRoom(room: number): [string, ...string[]] | [] {
  if (room >= muchRoom) return [];
  return ["sh", "-c", 'ulimit -f "$1"; shift; exec "$@"', "sh", String(Math.floor(room / 512))];
}

/** How shells report SIGXFSZ. */
const fileTooLarge = 128 + 25;

function describeEnd({ exitCode, killedBy }: CommandResult, timeout: number): string {
  if (killedBy === "timeout") return `killed after ${timeout} s; set timeout_seconds if it needs longer`;
  if (killedBy === "abort") return "killed because the run was stopped";
  if (killedBy === "signal" && exitCode === fileTooLarge)
    return "killed because a file grew beyond what the user's disk space has room for; delete what is not needed";
  if (killedBy === "signal")
    return `killed by a signal, exit code ${exitCode}; perhaps for using too much memory`;
  return `exit code ${exitCode}`;
}
