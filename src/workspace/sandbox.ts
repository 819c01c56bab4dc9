/** The level that commands run at. `off`: no isolation at all. */
export type SandboxLevel = "strict" | "reduced" | "external" | "off";

export interface Command {
  argv: [string, ...string[]];
  /** Absolute host path of the working directory. */
  cwd: string;
  /** Added to the clean environment (PATH, HOME=cwd, LANG, TERM and no more). */
  env?: Record<string, string>;
  stdin?: string;
  timeoutMs: number;
  /** Output beyond this is dropped from the middle of `output`, and counted. */
  maxOutputBytes: number;
  signal: AbortSignal;
  /** stdout and stderr as they come, as valid text. */
  onOutput?: (text: string) => void;
}

/** How a command ended. By the time it is known, no process of the command is left. */
export interface CommandResult {
  exitCode: number | null;
  killedBy: "timeout" | "abort" | "signal" | null;
  output: string;
  droppedBytes: number;
  durationMs: number;
}
