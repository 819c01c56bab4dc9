import { readdir, readFile } from "node:fs/promises";

/** Sends SIGKILL; a process that is already gone is fine. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // gone
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

/**
 * Kills a process group and whatever carries `mark` in its environment, again and again until nothing is found:
 * a process may fork while it is looked for.
 */
export async function killGroup(group: number, mark: string): Promise<void> {
  for (let round = 0; round < 50; round++) {
    kill(-group);
    const marked = await findProcesses((pid) => hasMark(pid, mark));
    if (marked.length === 0) return;
    for (const pid of marked) kill(pid);
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

/** A zombie has no environment any more, so it is not found. */
async function hasMark(pid: number, mark: string): Promise<boolean> {
  if (pid === process.pid) return false;
  const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
  return environment.includes(mark);
}
