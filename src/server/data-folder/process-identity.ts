import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/**
 * When a process started: together with its pid it names one process for ever, as pids are used again.
 * Undefined where no such process runs (a zombie counts as gone).
 */
export function readStartTime(pid: number): string | undefined {
  if (process.platform === "linux") {
    const stat = readOrUndefined(`/proc/${pid}/stat`);
    // The name in parentheses may itself hold spaces and parentheses.
    const [state, ...fields] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
    return state === undefined || state === "Z" || state === "X" ? undefined : fields[18];
  }
  return runPs(pid, "lstart=");
}

/** The arguments a process was started with, parted by spaces. Undefined where none runs. */
export function readCommandLine(pid: number): string | undefined {
  if (process.platform !== "linux") return runPs(pid, "command=");
  return readOrUndefined(`/proc/${pid}/cmdline`)?.replaceAll("\0", " ").trim();
}

/** Where pids mean the same: one boot of one machine, one container. */
export function readRealm(): string {
  if (process.platform !== "linux") return hostname();
  return `${readOrUndefined("/proc/sys/kernel/random/boot_id")?.trim()} ${readlinkSync("/proc/self/ns/pid")}`;
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function runPs(pid: number, column: string): string | undefined {
  try {
    return execFileSync("ps", ["-o", column, "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}
