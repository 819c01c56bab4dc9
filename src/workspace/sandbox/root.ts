import { execFile } from "node:child_process";
import { chown, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { commandPath } from "./sandbox.ts";

/** Who commands are inside: never root, whoever runs the server. */
export const insideUser = { uid: 1000, gid: 1000, name: "user" };

/** Where things stand inside a sandbox. */
export const inside = {
  /** The task's own directory, the only one to write to. A short name: not every program bears spaces and Chinese in paths. */
  work: "/work",
  /** All directories of the user, read-only, where the operator shows them. */
  files: "/files",
  skills: "/skills",
  /** The user's own, where there are any. */
  userSkills: "/user-skills",
  /** Programs and sockets that zcbot brings along. */
  tools: "/run/zcbot",
  proxy: "/run/zcbot/proxy",
} as const;

/** Something that stands at `to`, an absolute path inside; `from`, of the host, is known to exist. */
export interface Mount {
  from: string;
  to: string;
  kind: "directory" | "file";
}

const etc: Record<string, string> = {
  passwd: `${insideUser.name}:x:${insideUser.uid}:${insideUser.gid}::${inside.work}:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n`,
  group: `${insideUser.name}:x:${insideUser.gid}:\nnogroup:x:65534:\n`,
  hosts: "127.0.0.1 localhost\n::1 localhost\n",
  hostname: "zcbot\n",
  "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
};

/** Devices that every program may expect, with their numbers. */
export const devices: Record<string, [major: string, minor: string]> = {
  null: ["1", "3"],
  zero: ["1", "5"],
  full: ["1", "7"],
  random: ["1", "8"],
  urandom: ["1", "9"],
  tty: ["5", "0"],
};

const links: Record<string, string> = {
  "dev/fd": "/proc/self/fd",
  "dev/stdin": "/proc/self/fd/0",
  "dev/stdout": "/proc/self/fd/1",
  "dev/stderr": "/proc/self/fd/2",
  "dev/ptmx": "pts/ptmx",
  "var/tmp": "/tmp",
};

/**
 * Makes the folder that is the root of every sandbox, and that nothing writes to: the places where things are mounted, the
 * few files of /etc that are made up, and `links` (name to target) of the system. Gives its path below `parent`.
 */
export async function prepareRoot(
  parent: string,
  mounts: readonly Mount[],
  systemLinks: Record<string, string>,
): Promise<string> {
  const root = join(parent, "root");
  await rm(root, { recursive: true, force: true });
  const folders = [
    "proc",
    "dev/pts",
    "dev/shm",
    "tmp",
    "etc",
    "old",
    "empty",
    "var",
    "work",
    "files",
    "user-skills",
  ];
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  for (const [name, text] of Object.entries(etc)) await writeFile(join(root, "etc", name), text);
  const places: Mount[] = Object.keys(devices).map((name) => ({
    from: `/dev/${name}`,
    to: `/dev/${name}`,
    kind: "file",
  }));
  places.push({ from: "", to: inside.proxy, kind: "file" });
  for (const { to, kind } of [...places, ...mounts]) await makePlace(join(root, to), kind);
  for (const [name, target] of Object.entries({ ...links, ...systemLinks })) {
    await symlink(target, join(root, name));
  }
  return root;
}

/**
 * Devices of our own in `folder`, for a server of root's: the host's belong to the user that its commands run as, who could
 * change their modes for the whole machine. Undefined where none are needed or none can be made.
 */
export async function makeDevices(folder: string): Promise<Mount[] | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const make = async ([name, numbers]: [string, string[]]): Promise<Mount> => {
    const path = join(folder, `device-${name}`);
    await promisify(execFile)("mknod", ["-m", "666", path, "c", ...numbers], { env: { PATH: commandPath } });
    await chown(path, nobody, nobody);
    return { from: path, to: `/dev/${name}`, kind: "file" };
  };
  return Promise.all(Object.entries(devices).map(make)).catch(() => undefined);
}

const nobody = 65_534;

async function makePlace(path: string, kind: Mount["kind"]): Promise<void> {
  await mkdir(kind === "directory" ? path : dirname(path), { recursive: true });
  if (kind === "file") await writeFile(path, "", { flag: "a" });
}
