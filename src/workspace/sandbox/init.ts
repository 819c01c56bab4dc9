import type { CommandLimits } from "./sandbox.ts";

/** Of one command at a time. */
const openFiles = 1_024;

/**
 * The shell script of the first process in a command's namespace: joins standard error to standard output, so that both keep their
 * order, lowers its limits, and runs its arguments. Limits of processes and memory are set here only where no control
 * group holds them (`grouped`); that of processes does not bind root. Lines of `before` are run within
 * them, first.
 */
export function initScript(limits: CommandLimits, grouped: boolean, before: readonly string[] = []): string {
  const { processes, memoryBytes, fileBytes } = limits;
  return [
    "exec 2>&1",
    "ulimit -c 0",
    `ulimit -n ${openFiles}`,
    // In blocks of 512 bytes, as POSIX has it.
    `ulimit -f ${Math.ceil(fileBytes / 512)}`,
    // Of private memory that can be written, not of addresses: runtimes reserve far more of those than they use.
    ...(grouped
      ? []
      : [`ulimit -u ${processes} || ulimit -p ${processes}`, `ulimit -d ${Math.ceil(memoryBytes / 1024)}`]),
    ...before,
    // The first process of a pid namespace cannot be ended by its own signals: it waits for the command, and reaps.
    '"$@"; exit $?',
  ]
    .map((line) => (line.startsWith("ulimit") ? `{ ${line}; } 2>/dev/null` : line))
    .join("; ");
}
