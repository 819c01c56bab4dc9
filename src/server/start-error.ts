/**
 * Why the server cannot start, in words for the person at the terminal: printed as they stand, without
 * a stack. `exitCode` 2 means that the configuration has to change, 1 anything else.
 */
export class StartError extends Error {
  readonly problems: string[];
  readonly exitCode: number;

  constructor(problems: string[], exitCode = 1, cause?: unknown) {
    super(problems.join("\n"), { cause });
    this.name = "StartError";
    this.problems = problems;
    this.exitCode = exitCode;
  }
}
