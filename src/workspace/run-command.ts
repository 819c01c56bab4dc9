import type { Readable } from "node:stream";
import { createBoundedOutput } from "./processes/bounded-output.ts";
import type { Command, CommandResult, Sandbox } from "./sandbox/sandbox.ts";
import { explainStart, startCommand } from "./start-command.ts";

/** Of a timer, milliseconds; Node fires longer ones at once. */
const longestTimer = 2 ** 31 - 1;

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

  const stdin = command.stdin === undefined ? undefined : { text: command.stdin };
  const running = await startCommand(sandbox, command, stdin);
  const flush = readOutput(running.output, output.add, command);
  let forced: "timeout" | "abort" | null = null;
  const end = (reason: "timeout" | "abort"): void => {
    forced ??= reason;
    void running.end();
  };
  const onAbort = (): void => end("abort");
  const timer = setTimeout(() => end("timeout"), Math.min(command.timeoutMs, longestTimer));
  command.signal.addEventListener("abort", onAbort, { once: true });
  if (command.signal.aborted) onAbort();
  const ended = await running.ended;
  clearTimeout(timer);
  command.signal.removeEventListener("abort", onAbort);
  flush();
  if (ended.forced) return finish(null, forced ?? "abort");
  if (ended.complaint !== "") throw await explainStart(command, new Error(ended.complaint));
  const { exitCode } = ended;
  return finish(exitCode, exitCode === null || isDeathBySignal(exitCode) ? "signal" : null);
}

/** Hands chunks on as bytes and as text whose characters are whole; gives what ends the text. */
function readOutput(
  output: Readable,
  add: (chunk: Buffer) => void,
  { onOutput, onBytes }: Pick<Command, "onOutput" | "onBytes">,
): () => void {
  const decoder = new TextDecoder();
  const report = (text: string): void => {
    if (text !== "") onOutput?.(text);
  };
  output.on("data", (chunk: Buffer) => {
    add(chunk);
    onBytes?.(chunk);
    if (onOutput) report(decoder.decode(chunk, { stream: true }));
  });
  return () => report(decoder.decode());
}

/** Shells report a death by signal n as 128 + n; n is up to 64. */
function isDeathBySignal(code: number): boolean {
  return code > 128 && code <= 128 + 64;
}
