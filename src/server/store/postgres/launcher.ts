import { execFile, type SpawnOptions } from "node:child_process";
import { chmod, lchown, readdir, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { StartError } from "../../start-error.ts";
import { type Installation, useYourOwn } from "./installation.ts";

/**
 * How the programs of Postgres are started, since they refuse to run as root or as a user without a name.
 * `uid` and `gid` own what they read and write.
 */
export interface Launcher {
  prefix: string[];
  uid: number;
  gid: number;
}

/** Nobody: has a name on every system, so that `initdb` finds one. */
const nobody = 65_534;

/**
 * Chooses a way that works here, trying it: as this user; under a user namespace in which this user is
 * nobody; as the real nobody; as the one whose private home this is. Hands `folder` (which exists) to the
 * owner that the way wants. Throws StartError where none works.
 */
export async function chooseLauncher(folder: string, installation: Installation): Promise<Launcher> {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  if (uid !== 0 && hasName()) return { prefix: [], uid, gid };

  const unshare = ["unshare", "--user", `--map-user=${nobody}`, `--map-group=${nobody}`, "--"];
  const candidates: Launcher[] = [{ prefix: unshare, uid, gid }];
  if (uid === 0) {
    candidates.push({ prefix: [], uid: nobody, gid: nobody });
    const host = (await findPrivateOwner(folder)) ?? (await findPrivateOwner(installation.postgres));
    if (host) candidates.push({ prefix: [], ...host });
    // Whoever has the folder comes first: a Postgres left behind may be running on it as that user.
    const owner = (await stat(folder)).uid;
    candidates.sort((one, other) => Number(other.uid === owner) - Number(one.uid === owner));
  }
  for (const candidate of candidates) {
    if (await reaches(candidate, folder, installation)) return candidate;
  }
  const who = uid === 0 ? "as root" : `as user ${uid}, who has no name`;
  throw new StartError([
    `The embedded Postgres cannot run ${who}: "unshare --user" does not work here, or ${folder} and ` +
      `${dirname(installation.postgres)} cannot be reached without root's rights. ` +
      `Run zcbot as an ordinary user. ${useYourOwn}`,
  ]);
}

/** The user, not root, who lets nobody else through one of the folders above a path. */
async function findPrivateOwner(path: string): Promise<{ uid: number; gid: number } | undefined> {
  for (let above = dirname(path); above !== dirname(above); above = dirname(above)) {
    const { mode, uid, gid } = await stat(above);
    if (uid !== 0 && (mode & 0o001) === 0) return { uid, gid };
  }
  return undefined;
}

/** What `spawn` needs to run a program this way: with a clean environment, so that it sees no secret. */
export function launch(
  launcher: Launcher,
  program: string,
  parameters: string[],
): { command: string; parameters: string[]; options: SpawnOptions & { encoding?: undefined } } {
  const [command = program, ...rest] = [...launcher.prefix, program, ...parameters];
  const other = launcher.uid !== process.getuid?.();
  return {
    command,
    parameters: rest,
    options: {
      cwd: "/",
      env: {
        PATH: process.platform === "linux" ? "/usr/sbin:/usr/bin:/sbin:/bin" : "/usr/bin:/bin",
        LC_ALL: "C",
      },
      ...(other ? { uid: launcher.uid, gid: launcher.gid } : {}),
    },
  };
}

function hasName(): boolean {
  try {
    return userInfo().username !== "";
  } catch {
    return false;
  }
}

async function reaches(launcher: Launcher, folder: string, installation: Installation): Promise<boolean> {
  if (process.getuid?.() === 0) await handOver(folder, launcher);
  const script = 'cd "$1" && test -w . && test -x "$2"';
  const { command, parameters, options } = launch(launcher, "/bin/sh", [
    "-c",
    script,
    "sh",
    folder,
    installation.postgres,
  ]);
  return promisify(execFile)(command, parameters, { ...options, timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}

/** Gives a folder and all in it to the launcher's user; another one may have run here before. */
async function handOver(folder: string, { uid, gid }: Launcher): Promise<void> {
  if ((await stat(folder)).uid === uid) return;
  if (uid !== 0) {
    // The way through the data folder; what else is in it is private by its own modes.
    const parent = dirname(folder);
    await chmod(parent, ((await stat(parent)).mode & 0o777) | 0o011);
  }
  for (const entry of await readdir(folder, { recursive: true })) await lchown(join(folder, entry), uid, gid);
  await lchown(folder, uid, gid);
}
