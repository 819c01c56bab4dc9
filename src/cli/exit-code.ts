import { ConnectionError } from "../client/connection-error.ts";
import { ApiError, type ErrorCode } from "../protocol/error.ts";

/** How a command ends, for scripts. */
export const exitCode = {
  ok: 0,
  failure: 1,
  /** The command line or the configuration has to change. */
  usage: 2,
  signIn: 3,
  notFound: 4,
  conflict: 5,
  network: 6,
  interrupted: 130,
} as const;

/** Why a command ends early, in words for the person at the terminal. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number, cause?: unknown) {
    super(message, { cause });
    this.name = "CommandError";
    this.exitCode = exitCode;
  }
}

const byStatus: Record<number, number> = {
  400: exitCode.usage,
  401: exitCode.signIn,
  403: exitCode.signIn,
  404: exitCode.notFound,
  409: exitCode.conflict,
  422: exitCode.usage,
  429: exitCode.conflict,
  503: exitCode.network,
};

/** The exit code that tells an error; errors that know their own keep it. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ApiError) return byStatus[error.status] ?? exitCode.failure;
  if (error instanceof ConnectionError) return exitCode.network;
  if (error instanceof Error && "exitCode" in error && typeof error.exitCode === "number")
    return error.exitCode;
  return exitCode.failure;
}

/** An error as `--json` prints it. */
export interface ErrorLine {
  type: "failure";
  code: ErrorCode | "connection_failed" | "command_failed";
  message: string;
  exit_code: number;
}

/** What went wrong as one line of JSON; the exit code is told, too. */
export function errorLine(error: unknown): ErrorLine {
  const code =
    error instanceof ApiError
      ? error.code
      : error instanceof ConnectionError
        ? "connection_failed"
        : "command_failed";
  return { type: "failure", code, message: messageOf(error), exit_code: exitCodeOf(error) };
}

/** The sentence for the person; a stack where the error is nobody's word but a fault of ours. */
export function explainError(error: unknown): string {
  const told = error instanceof ApiError || error instanceof ConnectionError || hasExitCode(error);
  return told || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message);
}

function hasExitCode(error: unknown): boolean {
  return error instanceof Error && "exitCode" in error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
