import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { markName } from "../processes/mark.ts";
import {
  type Containment,
  commandEnvironment,
  commandPath,
  type Sandbox,
  type SandboxLevel,
} from "./sandbox.ts";

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

/** Commands that are not isolated: they see and may do what the server's user sees and may do. */
export function plainSandbox(
  { prefix, containment }: Launcher,
  level: SandboxLevel,
  lacks: readonly string[],
): Sandbox {
  return {
    level,
    containment,
    network: "open",
    lacks,
    pathInside: (hostPath) => hostPath,
    pathOfSkills: (hostFolder) => hostFolder,
    pathOfProgram: (program) => program,
    prepare: (command, mark) => ({
      argv: [...prefix, ...command.argv],
      cwd: command.cwd,
      env: {
        ...commandEnvironment(command, command.cwd),
        ...(containment === "group" && { [markName]: mark }),
      },
      inputs: [],
      onStarted() {},
      onEnded() {},
    }),
    async close() {},
  };
}

/** The launcher of last resort, where there are no pid namespaces. */
export async function groupLauncher(): Promise<Launcher> {
  return { containment: "group", prefix: [...(await closeInherited()), ...init] };
}

/** The strongest launcher that works here. */
export async function findLauncher(): Promise<Launcher> {
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

/**
 * What closes descriptors that the server itself was started with and that would reach every command. Node marks its own
 * to be closed; those of whoever started it are found by their flags, and closed by bash, as sh cannot. `kept`: how many
 * there are that a command is given.
 */
export async function closeInherited(kept = 3): Promise<string[]> {
  const inherited: string[] = [];
  for (const descriptor of await readdir("/proc/self/fdinfo").catch(() => [])) {
    if (Number(descriptor) < kept) continue;
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
