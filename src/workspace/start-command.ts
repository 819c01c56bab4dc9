import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { realpath, stat } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { ApiError } from "../protocol/error.ts";
import { kill, killGroup, killNamespace } from "./processes/kill-tree.ts";
import { createMark } from "./processes/mark.ts";
import type { Launch, Program, Sandbox } from "./sandbox/sandbox.ts";

/** How long output may lag behind the end of all processes, milliseconds. */
const outputPatience = 500;

/** A command at work. Whoever has it reads `output`, or lets it be destroyed some time after the end. */
export interface RunningCommand {
  /** Null unless it was asked for open. */
  stdin: Writable | null;
  /** stdout and stderr, in order. */
  output: Readable;
  /** Never rejects. When it resolves nothing of the command is left, and `output` is over. */
  ended: Promise<CommandEnd>;
  /** Kills it with everything it started; done when nothing is left. */
  end(): Promise<void>;
}

export interface CommandEnd {
  exitCode: number | null;
  /** It was killed by `end` or `killAllCommands`. */
  forced: boolean;
  /** Why it could not be started, as its launcher says. */
  complaint: string;
}

const running = new Set<() => Promise<void>>();

/** Ends every running command; done when nothing of them is left. */
export async function killAllCommands(): Promise<void> {
  await Promise.all([...running].map((end) => end()));
}

/**
 * Starts a command that goes on until it ends by itself or by force. `stdin`: a text that it is given, or "open" for
 * a pipe that stays. Throws ApiError `path_not_found` where `cwd` is missing, `unavailable` where the system starts
 * no process.
 */
export async function startCommand(
  sandbox: Sandbox,
  program: Program,
  stdin?: { text: string } | "open",
): Promise<RunningCommand> {
  const mark = createMark();
  // What is mounted is named by its path: whoever put a link in its place would choose what that is.
  if ((await realpath(program.cwd).catch(() => null)) !== program.cwd) throw noDirectory();
  const launch = await sandbox.prepare(program, mark);
  const child = await start(launch, program, stdin !== undefined);
  if (stdin && stdin !== "open") child.stdin?.end(stdin.text);
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const complaint = readComplaint(child);
  let forced = false;
  const end = async (): Promise<void> => {
    if (running.has(end)) {
      forced = true;
      await endProcesses(sandbox, child, mark);
    }
    await ended;
  };
  running.add(end);
  const closed = new Promise((resolve) => child.once("close", resolve));
  const finish = async (): Promise<CommandEnd> => {
    const exitCode = await exited;
    running.delete(end);
    if (sandbox.containment === "group") await killGroup(child.pid ?? 0, mark);
    await launch.onEnded();
    await Promise.race([closed, wait(outputPatience, undefined, { ref: false })]);
    child.stdin?.destroy();
    child.stdout?.destroy();
    child.stderr?.destroy();
    return { exitCode, forced, complaint: complaint() };
  };
  const ended = finish();
  return { stdin: stdin === "open" ? child.stdin : null, output: child.stdout as Readable, ended, end };
}

async function start(launch: Launch, program: Program, hasInput: boolean): Promise<ChildProcess> {
  const [file = "", ...rest] = launch.argv;
  const child = spawn(file, rest, {
    cwd: launch.cwd,
    env: launch.env,
    detached: true,
    stdio: [hasInput ? "pipe" : "ignore", "pipe", "pipe", ...launch.inputs.map(() => "pipe" as const)],
  });
  try {
    await once(child, "spawn");
  } catch (error) {
    await launch.onEnded();
    throw await explainStart(program, error);
  }
  child.on("error", () => {});
  try {
    launch.onStarted(child.pid ?? 0);
  } catch (error) {
    // It has begun nothing yet.
    kill(child.pid ?? 0);
    await launch.onEnded();
    throw cannotStart(error);
  }
  for (const [index, input] of launch.inputs.entries()) {
    const pipe = child.stdio[3 + index] as Writable;
    pipe.on("error", () => {});
    pipe.end(input);
  }
  // A command that does not read its input is no fault.
  child.stdin?.on("error", () => {});
  child.stdout?.on("error", () => {});
  return child;
}

/** Says why a command was not started: its directory is gone, or the system starts nothing. */
export async function explainStart(program: Program, cause: unknown): Promise<ApiError> {
  const directory = await stat(program.cwd).catch(() => null);
  if (directory?.isDirectory()) return cannotStart(cause);
  return noDirectory(cause);
}

function noDirectory(cause?: unknown): ApiError {
  return new ApiError("path_not_found", "The working directory does not exist.", { cause });
}

function cannotStart(cause: unknown): ApiError {
  return new ApiError("unavailable", "The system starts no process at the moment. Try again shortly.", {
    cause,
    retryAfter: 1,
  });
}

/** What the launcher itself says on standard error; the command's own joins standard output. */
function readComplaint(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.setEncoding("utf8").on("error", () => {});
  child.stderr?.on("data", (chunk: string) => {
    if (text.length < 1_000) text += chunk;
  });
  return () => text;
}

/** Ends all processes of a running command, also one that is only just being started. */
async function endProcesses(sandbox: Sandbox, child: ChildProcess, mark: string): Promise<void> {
  const pid = child.pid ?? 0;
  if (sandbox.containment === "group") return killGroup(pid, mark);
  // Until the first process has forked there is no namespace; that takes some 2 ms.
  for (let attempt = 0; attempt < 50; attempt++) {
    if (child.exitCode !== null || child.signalCode !== null || (await killNamespace(pid))) return;
    await wait(2);
  }
  kill(pid);
}
