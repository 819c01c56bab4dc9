import { readdirSync, readFileSync } from "node:fs";

/** The variable by which a round's servers are known among all processes of the machine. */
export const markerVariable = "ZCBOT_CHAOS";

/**
 * Processes that carry a round's marker: in the command line (`commands`), or in the environment (`servers`, with them
 * the watchdogs of the processes `pids`).
 */
export function findProcesses(
  marker: string,
  pids: number[] = [],
): { commands: string[]; servers: string[] } {
  const found = { commands: [] as string[], servers: [] as string[] };
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const commandLine = read(`/proc/${name}/cmdline`).replaceAll("\0", " ").trim();
    // A zombie has no command line: it is dead, and waits for its parent only.
    if (commandLine === "") continue;
    if (commandLine.includes(marker)) found.commands.push(`${name} ${commandLine.slice(0, 100)}`);
    else if (
      pids.some((pid) => commandLine.endsWith(`zcbot-watchdog ${pid}`)) ||
      read(`/proc/${name}/environ`).includes(`${markerVariable}=${marker}`)
    ) {
      found.servers.push(`${name} …${commandLine.slice(-100)}`);
    }
  }
  return found;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** The first of these processes that a process descends from. */
export function findAncestor(pid: number, candidates: number[]): number | undefined {
  for (let at = pid; at > 1; ) {
    if (candidates.includes(at)) return at;
    const stat = read(`/proc/${at}/stat`);
    at = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
  }
  return undefined;
}
