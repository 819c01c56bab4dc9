import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { isAlive } from "../processes/kill-tree.ts";
import type { CommandLimits } from "./sandbox.ts";

/** Control groups that hold commands within their memory and number of processes, as root too. */
export interface Cgroups {
  /** Whether they also leave the server its turn at the processor. */
  sharesProcessor: boolean;
  /** Puts a process, and so all that it starts, into a group of its own; gives the group back with `leave`. */
  enter(pid: number): { leave(): void };
  /** Removes the groups. */
  close(): void;
}

/** A place where groups can be made: one for each controller (version 1), or one for all (version 2). */
interface Hierarchy {
  /** The group that holds all of this server's commands. */
  base: string;
  /** Files of a command's group and what they are set to. */
  settings: Record<string, number>;
  sharesProcessor?: boolean;
}

const ownName = /^zcbot-(\d+)-\d+$/;
let opened = 0;
/** Of the processor, beside 1,024 (version 1) or 100 (version 2) for everything else: commands leave the server its turn. */
const processorShare = { v1: 256, v2: 25 };

/**
 * Makes this server's groups. Undefined, with a reason, where the system lets it limit memory and processes of nobody:
 * where there are no such controllers, or this user may make no groups.
 */
export function openCgroups(limits: CommandLimits): Cgroups | { reason: string } {
  try {
    const hierarchies = openVersion1(limits) ?? openVersion2(limits);
    if (!hierarchies) return { reason: "control groups for memory and processes cannot be made here" };
    return createCgroups(hierarchies);
  } catch (error) {
    return { reason: `control groups cannot be made here (${(error as NodeJS.ErrnoException).code})` };
  }
}

function createCgroups(hierarchies: Hierarchy[]): Cgroups {
  // An emptied group serves the next command: making one costs more than using one.
  const free: string[] = [];
  let made = 0;
  const make = (): string => {
    const name = String(++made);
    for (const { base, settings } of hierarchies) {
      mkdirSync(join(base, name));
      for (const [file, value] of Object.entries(settings)) writeFileSync(join(base, name, file), `${value}`);
    }
    return name;
  };
  return {
    sharesProcessor: hierarchies.some((hierarchy) => hierarchy.sharesProcessor === true),
    enter(pid) {
      const name = free.pop() ?? make();
      for (const { base } of hierarchies) writeFileSync(join(base, name, "cgroup.procs"), `${pid}`);
      return { leave: () => void free.push(name) };
    },
    close() {
      for (const { base } of hierarchies) removeGroups(base);
    },
  };
}

/** What one process after another leaves: groups of servers that are gone are empty, and removed. */
function openBase(parent: string): string {
  for (const name of readdirSync(parent)) {
    const pid = ownName.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) removeGroups(join(parent, name));
  }
  const base = join(parent, `zcbot-${process.pid}-${++opened}`);
  mkdirSync(base);
  return base;
}

/** Best effort: a group with processes in it stays. */
function removeGroups(base: string): void {
  const remove = (path: string) => {
    try {
      rmdirSync(path);
    } catch {
      // Still in use, or gone.
    }
  };
  for (const entry of readdirSync(base, { withFileTypes: true })) {
    if (entry.isDirectory()) remove(join(base, entry.name));
  }
  remove(base);
}

function openVersion1({ memoryBytes, processes }: CommandLimits): Hierarchy[] | undefined {
  const memory = findVersion1("memory");
  const pids = findVersion1("pids");
  if (!memory || !pids) return undefined;
  const hierarchies: Hierarchy[] = [
    { base: openBase(memory), settings: { "memory.limit_in_bytes": memoryBytes } },
    { base: openBase(pids), settings: { "pids.max": processes } },
  ];
  const processor = findVersion1("cpu");
  if (processor) {
    const base = openBase(processor);
    writeFileSync(join(base, "cpu.shares"), `${processorShare.v1}`);
    hierarchies.push({ base, settings: {}, sharesProcessor: true });
  }
  return hierarchies;
}

/** This process's own group of a controller. */
function findVersion1(controller: string): string | undefined {
  const own = readFileSync("/proc/self/cgroup", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find(([, controllers]) => controllers?.split(",").includes(controller))?.[2];
  const mount = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((line) => line.includes(" - cgroup ") && optionsOf(line).includes(controller));
  const [, , , root, point] = mount?.split(" ") ?? [];
  if (own === undefined || root === undefined || point === undefined) return undefined;
  return placeOf(own, root, point);
}

function optionsOf(line: string): string[] {
  return line.split(" ").at(-1)?.split(",") ?? [];
}

/** Where a group stands below a mount that shows the tree from `root` on. */
function placeOf(group: string, root: string, point: string): string {
  return join(point, group.startsWith(root) ? group.slice(root.length) : group);
}

/** Below a group that may hand both controllers on to its children, and where this user may make some. */
function openVersion2({ memoryBytes, processes }: CommandLimits): Hierarchy[] | undefined {
  const own = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
  const mount = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((line) => line.includes(" - cgroup2 "));
  const [, , , root, point] = mount?.split(" ") ?? [];
  if (own === undefined || root === undefined || point === undefined) return undefined;
  const groups = listUpwards(placeOf(own, root, point), point);
  const parent = groups.find((group) => handsOn(group, needed) && isWritable(group)) ?? takeDelegated(groups);
  if (parent === undefined) return undefined;
  const base = openBase(parent);
  writeFileSync(join(base, "cgroup.subtree_control"), "+memory +pids");
  const sharesProcessor = handsOn(parent, ["cpu"]);
  if (sharesProcessor) writeFileSync(join(base, "cpu.weight"), `${processorShare.v2}`);
  const settings = { "memory.max": memoryBytes, "memory.oom.group": 1, "pids.max": processes };
  return [
    { base, settings: { ...settings, ...(canSwap(base) && { "memory.swap.max": 0 }) }, sharesProcessor },
  ];
}

const needed = ["memory", "pids"];

/** A group and those that it stands in, as far as they can be seen. */
function listUpwards(group: string, point: string): string[] {
  if (group === point) return [group];
  return group.startsWith(`${point}/`) ? [group, ...listUpwards(dirname(group), point)] : [];
}

/**
 * The group that systemd's `Delegate=yes` gives to a service of an ordinary user: the highest of its `groups` that it may
 * write to. A group with processes in it hands nothing on, so these move to one below. Root may write to every group:
 * what it was given cannot be told from what it was not.
 */
function takeDelegated(groups: readonly string[]): string | undefined {
  if (process.getuid?.() === 0) return undefined;
  const firstForeign = groups.findIndex((group) => !isWritable(group));
  const group = groups[firstForeign === -1 ? groups.length - 1 : firstForeign - 1];
  const offered = group === undefined ? [] : listControllers(group, "cgroup.controllers");
  if (group === undefined || !needed.every((controller) => offered.includes(controller))) return undefined;
  const server = join(group, "zcbot-server");
  mkdirSync(server, { recursive: true });
  // Until none is left: they may be starting others.
  for (let look = 0; look < maxLooks; look++) {
    const pids = readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean);
    if (pids.length === 0) break;
    for (const pid of pids) move(pid, server);
  }
  const handed = [...needed, "cpu"].filter((controller) => offered.includes(controller));
  writeFileSync(
    join(group, "cgroup.subtree_control"),
    handed.map((controller) => `+${controller}`).join(" "),
  );
  return group;
}

const maxLooks = 50;

function move(pid: string, group: string): void {
  try {
    writeFileSync(join(group, "cgroup.procs"), pid);
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function isWritable(group: string): boolean {
  try {
    for (const path of [group, join(group, "cgroup.procs")]) accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function handsOn(group: string, controllers: string[]): boolean {
  const handed = listControllers(group, "cgroup.subtree_control");
  return controllers.every((controller) => handed.includes(controller));
}

function listControllers(group: string, file: string): string[] {
  return readFileSync(join(group, file), "utf8").trim().split(" ");
}

function canSwap(group: string): boolean {
  return readdirSync(group).includes("memory.swap.max");
}
