import { z } from "zod";
import { ApiError } from "../../../protocol/error.ts";
import { runCommand } from "../../../workspace/run-command.ts";
import type { CommandResult, Sandbox } from "../../../workspace/sandbox/sandbox.ts";
import { defineTool, showSize } from "../define-tool.ts";
import type { Tool } from "../tool.ts";
import { createLiveOutput } from "./live-output.ts";

/** What a command gets that asks for no time of its own, seconds. */
const usualTimeout = 120;
const maxOutputBytes = 32 * 1024;

const networks: Record<Sandbox["network"], string> = {
  none: " It has no network.",
  listed: " It reaches some hosts of the internet only, through the proxy in HTTP_PROXY.",
  open: "",
};

/** The tool that runs a shell command in the task's directory, for `maxTimeout` seconds at most. */
export function createBashTool(maxTimeout: number, network: Sandbox["network"]): Tool {
  return defineTool({
    name: "bash",
    description: `Run a bash command in the working directory. It has no terminal and cannot ask for input; each call is a new shell, and nothing it started outlives it. Of long output the middle is left out: write it to a file and read that in parts.${networks[network]}`,
    effect: "external",
    parameters: z.object({
      command: z.string().min(1).describe("the command, as bash takes it"),
      timeout_seconds: z
        .number()
        .positive()
        .max(maxTimeout)
        .default(Math.min(usualTimeout, maxTimeout))
        .describe("after this time the command is killed"),
    }),
    async execute({ command, timeout_seconds }, { directory, sandbox, signal, report }) {
      const live = createLiveOutput(report);
      const room = await directory.space.room();
      const watch = directory.space.watch(signal);
      try {
        // The person may have removed it since.
        await directory.makeDirectory("");
        const result = await runCommand(sandbox, {
          argv: [...withinRoom(room), "bash", "-c", command],
          cwd: directory.hostPath,
          network: true,
          timeoutMs: timeout_seconds * 1000,
          maxOutputBytes,
          signal: watch.signal,
          onOutput: live.add,
        });
        const { reason } = watch.signal;
        const outgrown = reason instanceof ApiError ? reason.message : undefined;
        return {
          content: renderResult(result, outgrown ?? describeEnd(result, timeout_seconds)),
          isError: result.exitCode !== 0 || result.killedBy !== null,
        };
      } finally {
        watch.end();
        live.end();
      }
    },
  });
}

/** Room with which no command comes to its end in an instant, bytes. */
const muchRoom = 2 ** 30;

/** Near the end of the room no file grows beyond what is left; beyond the quota none grows, but what frees space works. */
function withinRoom(room: number): [string, ...string[]] | [] {
  if (room >= muchRoom) return [];
  return ["sh", "-c", 'ulimit -f "$1"; shift; exec "$@"', "sh", String(Math.floor(room / 512))];
}

function renderResult(result: CommandResult, end: string): string {
  const output = result.output.trimEnd();
  const lines = [output === "" ? "[no output]" : output];
  if (result.droppedBytes > 0) {
    lines.push(
      `[${showSize(result.droppedBytes)} left out of the middle; write the output to a file and read it in parts]`,
    );
  }
  lines.push(`[${end}, ${(result.durationMs / 1000).toFixed(1)} s]`);
  return lines.join("\n");
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
