import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { realpath, stat } from "node:fs/promises";
import type { Writable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { ApiError } from "../protocol/error.ts";
import { createBoundedOutput } from "./processes/bounded-output.ts";
import { kill, killGroup, killNamespace } from "./processes/kill-tree.ts";
import { createMark } from "./processes/mark.ts";
import type { Command, CommandResult, Launch, Sandbox } from "./sandbox/sandbox.ts";

/** Of a timer, milliseconds; Node fires longer ones at once. */
const longestTimer = 2 ** 31 - 1;
/** How long output may lag behind the end of all processes, milliseconds. */
const outputPatience = 500;

const running = new Set<() => Promise<void>>();

/** Ends every running command; done when nothing of them is left. */
export async function killAllCommands(): Promise<void> {
  await Promise.all([...running].map((end) => end()));
}

/**
 * Runs a command and answers when it and everything it started has ended, by itself or by force. A failure of
 * the command is a result (127: no such program); throws ApiError `path_not_found` where `cwd` is missing,
 * `unavailable` where the system starts no process.
 */
export async function runCommand(sandbox: Sandbox, command: Command): Promise<CommandResult> {
  const startedAt = performance.now();
  const output = createBoundedOutput(command.maxOutputBytes);
  const finish = (exitCode: number | null, killedBy: CommandResult["killedBy"]): CommandResult => ({
    exitCode,
    killedBy,
    ...output.finish(),
    durationMs: performance.now() - startedAt,
  });
  if (command.signal.aborted) return finish(null, "abort");

  const mark = createMark();
  // What is mounted is named by its path: whoever put a link in its place would choose what that is.
  if ((await realpath(command.cwd).catch(() => null)) !== command.cwd) throw noDirectory();
  const launch = await sandbox.prepare(command, mark);
  const child = await start(launch, command);
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const closed = new Promise((resolve) => child.once("close", resolve));
  const flush = readOutput(child, output.add, command.onOutput);
  const complaint = readComplaint(child);

  let forced: "timeout" | "abort" | null = null;
  const end = async (reason: "timeout" | "abort"): Promise<void> => {
    forced ??= reason;
    await endProcesses(sandbox, child, mark);
    await exited;
  };
  const onAbort = (): Promise<void> => end("abort");
  const timer = setTimeout(() => end("timeout"), Math.min(command.timeoutMs, longestTimer));
  command.signal.addEventListener("abort", onAbort, { once: true });
  running.add(onAbort);
  if (command.signal.aborted) onAbort();
  const code = await exited;
  clearTimeout(timer);
  command.signal.removeEventListener("abort", onAbort);
  running.delete(onAbort);

  if (sandbox.containment === "group") await killGroup(child.pid ?? 0, mark);
  await launch.onEnded();
  await Promise.race([closed, wait(outputPatience, undefined, { ref: false })]);
  child.stdout?.destroy();
  child.stderr?.destroy();
  flush();
  if (forced !== null) return finish(null, forced);
  if (complaint() !== "") throw await explainStart(command, new Error(complaint()));
  return finish(code, code === null || isDeathBySignal(code) ? "signal" : null);
}

async function start(launch: Launch, command: Command): Promise<ChildProcess> {
  const [file = "", ...rest] = launch.argv;
  const child = spawn(file, rest, {
    cwd: launch.cwd,
    env: launch.env,
    detached: true,
    stdio: [
      command.stdin === undefined ? "ignore" : "pipe",
      "pipe",
      "pipe",
      ...launch.inputs.map(() => "pipe" as const),
    ],
  });
  try {
    await once(child, "spawn");
  } catch (error) {
    await launch.onEnded();
    throw await explainStart(command, error);
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
  child.stdin?.end(command.stdin);
  return child;
}

async function explainStart(command: Command, cause: unknown): Promise<ApiError> {
  const directory = await stat(command.cwd).catch(() => null);
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

/** Hands chunks on as bytes and as text whose characters are whole; gives what ends the text. */
function readOutput(
  child: ChildProcess,
  add: (chunk: Buffer) => void,
  onOutput: ((text: string) => void) | undefined,
): () => void {
  const decoder = new TextDecoder();
  const report = (text: string): void => {
    if (text !== "") onOutput?.(text);
  };
  const take = (chunk: Buffer): void => {
    add(chunk);
    if (onOutput) report(decoder.decode(chunk, { stream: true }));
  };
  child.stdout?.on("data", take).on("error", () => {});
  return () => report(decoder.decode());
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

/** Shells report a death by signal n as 128 + n; n is up to 64. */
function isDeathBySignal(code: number): boolean {
  return code > 128 && code <= 128 + 64;
}
