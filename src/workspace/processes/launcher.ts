import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";

/**
 * How the processes of a command are held together. `namespace`: a pid namespace, which the kernel empties
 * when its first process ends, or when the server dies. `group`: a process group and a search for a mark in
 * the environment, which a process that leaves the group and clears its environment escapes.
 */
export type Containment = "namespace" | "group";

export interface Launcher {
  containment: Containment;
  /** What stands before a command's own argv. */
  prefix: string[];
}

/**
 * The first process of a command: waits for the command, passes its exit code on and reaps orphans. It is not
 * the command itself, as the first process of a namespace cannot be ended by its own signals. Standard
 * error joins standard output, so that both keep their order.
 */
const init = ["/bin/sh", "-c", 'exec 2>&1; "$@"; exit $?', "sh"];

// setpriv: the server's death, kill -9 included, kills unshare; --kill-child: that kills the namespace.
const dieWithServer = ["setpriv", "--pdeathsig", "KILL"];
const newNamespace = ["--pid", "--fork", "--kill-child", "--mount-proc"];
const namespaces = [
  [...dieWithServer, "unshare", ...newNamespace],
  [...dieWithServer, "unshare", "--user", "--map-current-user", ...newNamespace],
];

let found: Promise<Launcher> | undefined;

/** The strongest launcher that works here; tried out once per process. */
export function findLauncher(): Promise<Launcher> {
  found ??= tryLaunchers();
  return found;
}

/** The launcher of last resort, where there are no pid namespaces. */
export async function groupLauncher(): Promise<Launcher> {
  return { containment: "group", prefix: [...(await closeInherited()), ...init] };
}

async function tryLaunchers(): Promise<Launcher> {
  if (process.platform !== "linux") return groupLauncher();
  const closing = await closeInherited();
  for (const namespace of namespaces) {
    const prefix = [...closing, ...namespace, ...init];
    if (await passesExitCode(prefix)) return { containment: "namespace", prefix };
  }
  return groupLauncher();
}

const trialCode = 42;
const trialTimeout = 5_000;

/** Whether a command is the second process of its namespace there, sees itself in /proc and passes its exit code on. */
function passesExitCode(prefix: string[]): Promise<boolean> {
  const script = `test "$(tr '\\0' ' ' < /proc/$$/cmdline | cut -c1-5)" = "sh -c" && test $$ -lt 9 && exit ${trialCode}`;
  const [file = "", ...rest] = [...prefix, "sh", "-c", script];
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const child = spawn(file, rest, {
    env: { PATH: commandPath },
    stdio: "ignore",
    timeout: trialTimeout,
    killSignal: "SIGKILL",
  });
  child.once("error", () => resolve(false));
  child.once("exit", (code) => resolve(code === trialCode));
  return promise;
}

/** The PATH of every command; the server's own is not passed on. */
export const commandPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Descriptors that the server itself was started with and that would reach every command. Node marks its own
 * to be closed; those of whoever started it are found by their flags, and closed by bash, as sh cannot.
 */
async function closeInherited(): Promise<string[]> {
  const inherited: string[] = [];
  for (const descriptor of await readdir("/proc/self/fdinfo").catch(() => [])) {
    if (Number(descriptor) <= 2) continue;
    const info = await readFile(`/proc/self/fdinfo/${descriptor}`, "utf8").catch(() => "");
    const flags = /^flags:\s*([0-7]+)/m.exec(info)?.[1];
    if (flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0) inherited.push(descriptor);
  }
  if (inherited.length === 0) return [];
  return [
    "bash",
    "-c",
    `exec ${inherited.map((descriptor) => `${descriptor}>&-`).join(" ")}; exec "$@"`,
    "bash",
  ];
}

const closeOnExec = 0o2000000;
