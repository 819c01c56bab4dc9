import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { ApiError } from "../protocol/error.ts";
import { createBoundedOutput } from "./processes/bounded-output.ts";
import { kill, killGroup, killNamespace } from "./processes/kill-tree.ts";
import { commandPath, findLauncher, type Launcher } from "./processes/launcher.ts";
import { createMark, markName } from "./processes/mark.ts";
import type { Command, CommandResult } from "./sandbox.ts";

/** Of a timer, milliseconds; Node fires longer ones at once. */
const longestTimer = 2 ** 31 - 1;
/** How long output may lag behind the end of all processes, milliseconds. */
const outputPatience = 500;

const running = new Set<() => Promise<void>>();

/**
 * Runs a command and answers when it and everything it started has ended, by itself or by force. A failure of
 * the command is a result (127: no such program); throws ApiError `path_not_found` where `cwd` is missing,
 * `unavailable` where the system starts no process.
 */
export async function runCommand(command: Command): Promise<CommandResult> {
  return runWith(await findLauncher(), command);
}

/** Ends every running command; done when nothing of them is left. */
export async function killAllCommands(): Promise<void> {
  await Promise.all([...running].map((end) => end()));
}

/** `runCommand` through a given launcher. */
export async function runWith(launcher: Launcher, command: Command): Promise<CommandResult> {
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
  const child = await start(launcher, command, mark);
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const closed = new Promise((resolve) => child.once("close", resolve));
  const flush = readOutput(child, output.add, command.onOutput);
  const complaint = readComplaint(child);

  let forced: "timeout" | "abort" | null = null;
  const end = async (reason: "timeout" | "abort"): Promise<void> => {
    forced ??= reason;
    await endProcesses(launcher, child, mark);
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

  if (launcher.containment === "group") await killGroup(child.pid ?? 0, mark);
  await Promise.race([closed, wait(outputPatience, undefined, { ref: false })]);
  child.stdout?.destroy();
  child.stderr?.destroy();
  flush();
  if (forced !== null) return finish(null, forced);
  if (complaint() !== "") throw cannotStart(new Error(complaint()));
  return finish(code, code === null || isDeathBySignal(code) ? "signal" : null);
}

async function start(launcher: Launcher, command: Command, mark: string): Promise<ChildProcess> {
  const [file = "", ...rest] = [...launcher.prefix, ...command.argv];
  const child = spawn(file, rest, {
    cwd: command.cwd,
    env: commandEnvironment(launcher, command, mark),
    detached: true,
    stdio: [command.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  try {
    await once(child, "spawn");
  } catch (error) {
    const directory = await stat(command.cwd).catch(() => null);
    if (directory?.isDirectory()) throw cannotStart(error);
    throw new ApiError("path_not_found", "The working directory does not exist.", { cause: error });
  }
  child.on("error", () => {});
  // A command that does not read its input is no fault.
  child.stdin?.on("error", () => {});
  child.stdin?.end(command.stdin);
  return child;
}

function cannotStart(cause: unknown): ApiError {
  return new ApiError("unavailable", "The system starts no process at the moment. Try again shortly.", {
    cause,
    retryAfter: 1,
  });
}

/** Never anything of the server's own environment: that may hold secrets. */
function commandEnvironment(launcher: Launcher, command: Command, mark: string): Record<string, string> {
  return {
    PATH: commandPath,
    HOME: command.cwd,
    LANG: "C.UTF-8",
    TERM: "dumb",
    ...command.env,
    ...(launcher.containment === "group" && { [markName]: mark }),
  };
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
async function endProcesses(launcher: Launcher, child: ChildProcess, mark: string): Promise<void> {
  const pid = child.pid ?? 0;
  if (launcher.containment === "group") return killGroup(pid, mark);
  // Until `unshare` has forked there is no namespace; that takes some 2 ms.
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
