/**
 * How commands are isolated. `strict`: by bubblewrap, a filter of system calls, and limits that bind. `reduced`: a
 * sandbox that lacks one of those, and says which. `external`: by the surroundings, as the operator declares.
 * `off`: not at all.
 */
export type SandboxLevel = "strict" | "reduced" | "external" | "off";

/**
 * How the processes of a command are held together. `namespace`: a pid namespace, which the kernel empties
 * when its first process ends, or when the server dies. `group`: a process group and a search for a mark in
 * the environment, which a process that leaves the group and clears its environment escapes.
 */
export type Containment = "namespace" | "group";

/** The one door for commands: what they may see, use and reach is decided here. */
export interface Sandbox {
  readonly level: SandboxLevel;
  readonly containment: Containment;
  /** Whom commands reach: nobody, the hosts that the operator lists, or whomever the server reaches. */
  readonly network: "none" | "listed" | "open";
  /** What keeps it from the level above, as sentences for the operator. */
  readonly lacks: readonly string[];
  /** Where commands find what stands at this absolute path of the host. */
  pathInside(hostPath: string): string;
  /** Where commands find this folder of skills: the operator's (`built_in`), or the `.skills` of their own user. */
  pathOfSkills(hostFolder: string, source: "built_in" | "user"): string;
  /** Where commands find a program that zcbot brings along. */
  pathOfProgram(program: string): string;
  /** How a command is started; `mark` goes into its environment where nothing better tells its processes. */
  prepare(program: Program, mark: string): Launch | Promise<Launch>;
  /** Gives back what it took of the system. No command is started after it. */
  close(): Promise<void>;
}

/** Makes a command's launch, but for its limits; `proxy`: the socket that is its way out, if it has one. */
export type Build = (program: Program, proxy: string | undefined) => Omit<Launch, "onStarted">;

/** A process to be started, and what is done about it before it runs anything. */
export interface Launch {
  argv: readonly string[];
  cwd: string;
  /** The whole environment: nothing of the server's own, which may hold secrets. */
  env: Record<string, string>;
  /** What it reads from descriptors 3, 4, ...; it waits for that before it starts anything. */
  inputs: readonly Uint8Array[];
  /** Puts the waiting process within its limits. Throws where that fails: the process is then ended. */
  onStarted(pid: number): void;
  /** Gives back what was taken; nothing of the command is left. */
  onEnded(): void | Promise<void>;
}

/** What is started, and what it may do. */
export interface Program {
  argv: [string, ...string[]];
  /** Absolute host path of the working directory. */
  cwd: string;
  /** Whether it may change files of the working directory, where the level can prevent it; true by default. */
  writes?: boolean;
  /** Whether it may reach the hosts that the operator allows; false by default. */
  network?: boolean;
  /**
   * Added to the clean environment (PATH, HOME=cwd, LANG, TERM and no more). What starts the sandbox has it too, outside of
   * it: the names are zcbot's own, never a person's.
   */
  env?: Record<string, string>;
}

/** A program with an end in time, of which the whole result is wanted. */
export interface Command extends Program {
  stdin?: string;
  timeoutMs: number;
  /** Output beyond this is dropped from the middle of `output`, and counted. */
  maxOutputBytes: number;
  signal: AbortSignal;
  /** stdout and stderr as they come, as valid text. */
  onOutput?: (text: string) => void;
  /** The same as bytes. */
  onBytes?: (chunk: Uint8Array) => void;
}

/** How a command ended. By the time it is known, no process of the command is left. */
export interface CommandResult {
  exitCode: number | null;
  killedBy: "timeout" | "abort" | "signal" | null;
  output: string;
  droppedBytes: number;
  durationMs: number;
}

/** What every command may use at most, together with all that it starts. */
export interface CommandLimits {
  memoryBytes: number;
  /** Processes and threads. */
  processes: number;
  /** Of its own /tmp. */
  temporaryBytes: number;
  /** Of any one file. */
  fileBytes: number;
}

/** The PATH of every command; the server's own is not passed on. */
export const commandPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The environment of every command; `cwd` as the command sees it. */
export function commandEnvironment(program: Program, cwd: string): Record<string, string> {
  return { PATH: commandPath, HOME: cwd, LANG: "C.UTF-8", TERM: "dumb", ...program.env };
}
