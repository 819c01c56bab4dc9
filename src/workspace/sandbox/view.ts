import { execFile } from "node:child_process";
import { lstatSync } from "node:fs";
import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { inside, type Mount, prepareRoot } from "./root.ts";
import { commandPath } from "./sandbox.ts";

const run = promisify(execFile);

/** What an operator lets commands see beside their working directory; all paths absolute, of the host. */
export interface ViewOptions {
  /** Folders that hold secrets: not visible even where they lie within what is. */
  hidden: readonly string[];
  /** More folders to read. */
  readable: readonly string[];
  skills: string;
  /** Programs that zcbot brings along. */
  programs: readonly string[];
  /** Whether the user's other directories can be read. */
  userFiles: boolean;
}

/** What all commands see alike: read-only, the same for everybody. */
export interface View {
  /** What is mounted as `/`; everything else is mounted on it. */
  root: string;
  /** In the order in which they are mounted. */
  mounts: readonly Mount[];
  userFiles: boolean;
}

const systemFolders = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/**
 * What programs need of /etc. Nothing else of it is shown: as root a command could read keys there. Most of it is copied, as
 * each mount costs every command its time; so what is installed while a server runs may not be found before its next start.
 */
const etcCopied =
  /^(ca-certificates\.conf|crypto-policies|debian_version|fonts|gai\.conf|host\.conf|ImageMagick-\d+|java.*|ld\.so\.cache|ld\.so\.conf|ld\.so\.conf\.d|libreoffice|locale\.alias|localtime|magic|magic\.mime|mime\.types|networks|os-release|perl|protocols|python[\d.]*|R|services|texmf|timezone|xdg)$/;
/** Hundreds of links: to copy them takes half a second. */
const etcMounted = ["alternatives", "ssl/certs", "pki/ca-trust"];

/** What of /proc tells of the whole machine, or changes it, and is open to root's user though it has no rights of root. */
const procFiles = ["key-users", "keys", "mtrr", "sched_debug", "sysrq-trigger", "timer_list"];
const procFolders = ["acpi", "pressure", "scsi"];
/** These bubblewrap covers by itself. */
const procFoldersToo = ["bus", "irq"];

/** Looks at the host and makes the root of all sandboxes in `folder`. */
export async function prepareView(folder: string, options: ViewOptions): Promise<View> {
  const links: Record<string, string> = {};
  const system: Mount[] = [];
  for (const name of systemFolders) {
    const path = `/${name}`;
    const found = await lstat(path).catch(() => null);
    if (found?.isSymbolicLink()) links[name] = await readlink(path);
    else if (found?.isDirectory()) system.push({ from: path, to: path, kind: "directory" });
  }
  const own = [
    ...(await existing(etcMounted.map((name) => `/etc/${name}`))),
    ...(await existing(options.readable)),
    ...(await existing([options.skills], () => inside.skills)),
    ...(await existing(options.programs, pathOfProgram)),
  ];
  const visible = [...system, ...own];
  const root = await prepareRoot(folder, visible, links);
  const names = (await readdir("/etc")).filter((name) => etcCopied.test(name));
  // In a tenth of the time of `fs.cp`. What this user may not read, commands do without.
  await run("cp", ["-RP", "--", ...names, join(root, "etc")], {
    cwd: "/etc",
    env: { PATH: commandPath },
  }).catch(() => {});
  const empty = join(root, "empty");
  const covered = (await existing([...options.hidden, ...(await filled("/usr/local/etc"))]))
    .filter(({ to }) => visible.some((mount) => to === mount.from || to.startsWith(`${mount.from}/`)))
    .map((mount) => ({ ...mount, from: mount.kind === "directory" ? empty : "/dev/null" }));
  return { root, mounts: [...visible, ...covered], userFiles: options.userFiles };
}

/** What of /proc is to be covered: mounted after it, `/proc/sys` as itself, read-only. `whole`: bubblewrap's share too. */
export async function listProcMounts(root: string, whole: boolean): Promise<Mount[]> {
  const isRoot = process.getuid?.() === 0;
  const folderNames = whole ? [...procFolders, ...procFoldersToo] : procFolders;
  const files = await existing(!isRoot ? [] : procFiles.map((name) => `/proc/${name}`));
  const folders = await existing(!isRoot ? [] : folderNames.map((name) => `/proc/${name}`));
  return [
    { from: "/proc/sys", to: "/proc/sys", kind: "directory" },
    ...files.map((mount) => ({ ...mount, from: "/dev/null" })),
    ...folders.map((mount) => ({ ...mount, from: join(root, "empty") })),
  ];
}

/**
 * The skills of the user in whose directory a command works, if there are any. A link is none: it would be followed before
 * the command is shut in.
 */
export function userSkills(cwd: string): string[] {
  const folder = join(dirname(cwd), ".skills");
  return lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() ? [folder] : [];
}

/** Where commands find one of the `programs`. */
export function pathOfProgram(program: string): string {
  return `${inside.tools}/${basename(program)}`;
}

/** The folder, if it holds anything. */
async function filled(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.length > 0 ? [folder] : [];
}

async function existing(paths: readonly string[], place = (path: string) => path): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const path of paths) {
    const found = await stat(path).catch(() => null);
    if (found?.isDirectory()) mounts.push({ from: path, to: place(path), kind: "directory" });
    else if (found?.isFile()) mounts.push({ from: path, to: place(path), kind: "file" });
  }
  return mounts;
}
