import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** A child process that said the line we waited for. */
export interface Started {
  process: ChildProcess;
  line: string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a command and resolves at its first line of stdout that matches. */
export async function start(
  command: string[],
  environment: Record<string, string>,
  pattern: RegExp,
): Promise<Started> {
  const [program = "", ...parameters] = command;
  const child = spawn(program, parameters, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${command.join(" ")} ended with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (text) => pattern.test(text) && resolve(text));
  });
  return {
    process: child,
    line,
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null) child.kill(signal);
      await ended;
    },
  };
}

/** A process and all its descendants, by way of /proc. */
export function family(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(readStat(Number(name))?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** Fields of /proc/<pid>/stat behind the command's name: state, ppid, ... */
function readStat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** CPU seconds that a process family has used, those of its ended and awaited children included. */
export function cpuSeconds(root: number): number {
  const ticks = family(root).map((pid) => {
    const fields = readStat(pid);
    return fields ? [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0) : 0;
  });
  return ticks.reduce((sum, value) => sum + value, 0) / 100;
}

/** Proportional memory of a process family, MB. */
export function memoryMegabytes(root: number): number {
  const sizes = family(root).map((pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
      return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return sizes.reduce((sum, value) => sum + value, 0) / 1024;
}

/** The most memory one process has had resident at a time, MB. */
export function peakMegabytes(pid: number): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}

/** How many files and connections a process may have open. */
export function openLimit(pid: number): number {
  const [, soft = "0"] = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8")) ?? [];
  return Number(soft);
}
