import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmod, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { StartError } from "../../start-error.ts";
import { type Installation, useYourOwn } from "./installation.ts";
import { type Launcher, launch } from "./launcher.ts";

/** The one superuser of an embedded Postgres. */
export const superuser = "zcbot";
const unfinished = "initdb-";

/**
 * The data directory inside `folder`, made on first use (some 0.6 s). It is made aside and moved into
 * place when whole, so that one cut short by a kill never looks like a database. Throws StartError when
 * it belongs to another major version, or cannot be made.
 */
export async function openCluster(
  folder: string,
  installation: Installation,
  launcher: Launcher,
  signal?: AbortSignal,
): Promise<string> {
  const data = join(folder, "data");
  const version = await readVersion(data);
  if (version === undefined) {
    await removeUnfinished(folder);
    await createCluster(folder, data, installation, launcher, signal);
  } else if (version !== installation.major) {
    throw new StartError([
      `${data} was made by Postgres ${version}, and this zcbot brings Postgres ${installation.major}. ` +
        `Dump it with Postgres ${version} and load the dump into a new data folder. ${useYourOwn}`,
    ]);
  }
  // Postgres insists on it, and a folder that was copied may have lost it.
  await chmod(data, 0o700);
  return data;
}

async function readVersion(data: string): Promise<string | undefined> {
  try {
    return (await readFile(join(data, "PG_VERSION"), "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function createCluster(
  folder: string,
  data: string,
  installation: Installation,
  launcher: Launcher,
  signal?: AbortSignal,
): Promise<void> {
  const aside = join(folder, `${unfinished}${randomUUID()}`);
  // The built-in locale sorts the same on every machine and knows the cases of all letters.
  const { command, parameters, options } = launch(launcher, installation.initdb, [
    `--pgdata=${aside}`,
    `--username=${superuser}`,
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
  ]);
  try {
    await promisify(execFile)(command, parameters, { ...options, signal });
    await rename(aside, data);
    await syncDirectory(folder);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    signal?.throwIfAborted();
    const output = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    throw new StartError([`The embedded Postgres could not be set up: ${output}. ${useYourOwn}`], 1, error);
  }
}

async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(unfinished)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Makes the names in a directory last through a power cut. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
