import { readdir, readFile, readlink } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";

/** Sends SIGKILL; a process that is already gone is fine. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // gone
  }
}

/** Whether there is a process of that id, of whichever user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Kills the first process of the namespace that `unsharePid` waits for. When `unshare` has then ended, the kernel
 * has emptied the namespace; killing `unshare` itself would give no such proof. False if it has none yet.
 */
export async function killNamespace(unsharePid: number): Promise<boolean> {
  const children = await findProcesses(async (pid) => (await parentOf(pid)) === unsharePid);
  for (const child of children) kill(child);
  return children.length > 0;
}

/** A look can miss a process that is being made meanwhile; one more generation each time. */
const cleanLooks = 3;
const maxLooks = 50;
/** How often a process without environment is taken for one that is just starting a program. */
const maxDoubts = 10;

/** Kills a process group and whatever carries `mark` in its environment, until looking finds nothing any more. */
export async function killGroup(group: number, mark: string): Promise<void> {
  let clean = 0;
  for (let look = 0; look < maxLooks && clean < cleanLooks; look++) {
    kill(-group);
    const found = await findProcesses(async (pid) => {
      const environment = await environmentOf(pid);
      if (environment.includes(mark)) kill(pid);
      else if (environment !== "" || look >= maxDoubts || !(await hasProgram(pid))) return false;
      return true;
    });
    clean = found.length === 0 ? clean + 1 : 0;
    if (found.length > 0) await wait(1);
  }
}

async function findProcesses(matches: (pid: number) => Promise<boolean>): Promise<number[]> {
  const names = await readdir("/proc").catch(() => []);
  const pids = names.map(Number).filter(Number.isInteger);
  const found = await Promise.all(pids.map(async (pid) => ((await matches(pid)) ? [pid] : [])));
  return found.flat();
}

async function parentOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name in parentheses may hold anything; after its last parenthesis come state and parent.
  const parent = status.slice(status.lastIndexOf(")") + 2).split(" ")[1];
  return parent === undefined ? undefined : Number(parent);
}

/** Empty for zombies, for other users' processes, and for a moment while a program is being started. */
async function environmentOf(pid: number): Promise<string> {
  if (pid === process.pid) return "this process";
  return readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
}

/** False for zombies and the kernel's own threads. */
async function hasProgram(pid: number): Promise<boolean> {
  return readlink(`/proc/${pid}/exe`).then(
    () => true,
    () => false,
  );
}
