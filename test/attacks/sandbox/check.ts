/** What a check finds in its environment: things of the host that are not its own. */
export interface Bait {
  /** A file with a canary that belongs to another user, a file with a secret of the server's, and one elsewhere. */
  THEIRS: string;
  VAULT: string;
  TEMPORARY: string;
  /** The folder of the server's data, and where the server's program lies. */
  DATA: string;
  CHECKOUT: string;
  /** A process of the host that is not to be touched. */
  VICTIM: string;
  /** Who listens on the host: TCP and UDP ports of loopback, an abstract socket, one with a path. */
  TCP: string;
  UDP: string;
  ABSTRACT: string;
  SOCKET: string;
  /** A key of shared memory of the host. */
  SHARED_MEMORY: string;
  /** The limits that commands are held to. */
  MAX_PROCESSES: string;
  MAX_MEMORY_MB: string;
  MAX_TEMPORARY_MB: string;
  MAX_FILE_MB: string;
}

/**
 * A way out of a sandbox, tried by a bash script that says `ESCAPED` where it got through. A canary in its output, and
 * what it leaves on the host, count as well.
 */
export interface Check {
  name: string;
  script: string;
  /** Where it is promised that nothing comes of it; at both levels where nothing is said. */
  promised?: "strict";
  /** Uses numbers of system calls of x86-64. */
  onlyOn?: "x64";
  /** Goes to a limit that does not bind root by itself. */
  needsLimits?: boolean;
  /** Goes beyond a limit that binds only where a control group holds it: of all processes together, or of root's. */
  needsGroup?: boolean;
  /** How long it may take before it is ended, milliseconds. */
  timeoutMs?: number;
}

/** Stands before every script: where there is no sandbox at all, nothing further is tried. */
export const guard =
  '[ "$PWD" = /work ] && ! [ -e "$CHECKOUT" ] && [ $$ -lt 100 ] || { echo "ESCAPED: there is no sandbox"; exit 0; }\n';

/** A system call by its number on x86-64, that nobody inside may make at all, whatever its arguments. */
export function refusedCall(name: string, number: number, ...given: (number | string)[]): Check {
  return {
    name: `the call ${name} is refused`,
    onlyOn: "x64",
    script: callScript(number, given, "$r == -1 && ($!{EPERM} || $!{ENOSYS})"),
  };
}

/** A system call that must fail, for whatever reason. */
export function failingCall(name: string, number: number, ...given: (number | string)[]): Check {
  return { name, onlyOn: "x64", script: callScript(number, given, "$r == -1") };
}

/** Arguments are numbers, or code of perl's. */
function callScript(number: number, given: (number | string)[], held: string): string {
  const parameters = [number, ...given].join(", ");
  return `perl -MErrno -e 'my $b = "\\0" x 4096; $r = syscall(${parameters}); print ${held} ? "held: $!" : "ESCAPED $r $!"'`;
}

/** Checks that a command fails, or prints nothing of what it should not. */
export function failing(name: string, command: string, more: Partial<Check> = {}): Check {
  return { name, script: `if ${command}; then echo ESCAPED; fi 2> /dev/null`, ...more };
}
