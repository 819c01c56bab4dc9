import { createHash, randomBytes } from "node:crypto";
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { TestServer, TestUser } from "../support/server.ts";

/** What an attack wants to reach. */
export interface Target {
  /** Absolute path on the host of a file. */
  path: string;
  /** Planted by the test: only such things are written to or removed. */
  planted: boolean;
}

/** Things that are not the attacker's, known again wherever they come up. */
export interface Outside {
  targets: Target[];
  /** What stands in each planted file. */
  canary: string;
  /** A folder outside the server's data with a canary in it. */
  temporary: string;
  /** What of it stands in a text; undefined where there is nothing. */
  findIn(text: string): string | undefined;
  /** Takes what there is by now for what is to stay. */
  settle(): Promise<void>;
  /** What has been made, changed or removed since. */
  changes(): Promise<string[]>;
  remove(): Promise<void>;
}

/** In the names of files that attacks make, so that they are known wherever they land. */
export const plantedName = "zcbot-attack-planted";
/** In the planted files, for tools that replace a text by another. */
export const editable = "replace-me";

/**
 * Plants canaries around the attacker's folder: in another user's, in the data folder, beside the folder of all users,
 * in the system's folder for temporary files. Beside each lies a file whose name gives away a list that should not be.
 */
export async function plantOutside(
  server: TestServer,
  attacker: TestUser,
  victim: TestUser,
): Promise<Outside> {
  const canary = `canary-${randomBytes(12).toString("hex")}`;
  const nameCanary = `name-${randomBytes(12).toString("hex")}`;
  const users = join(server.dataDir, "workspace", "users");
  const temporary = await mkdtemp(join(tmpdir(), "zcbot-attacked-"));
  const folders = [
    join(users, victim.userId, "机密目录"),
    users,
    join(users, `${attacker.userId}x`),
    join(server.dataDir, "workspace"),
    temporary,
  ];
  for (const folder of folders) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "canary.txt"), `${canary}\n${editable}\n`);
    await writeFile(join(folder, `${nameCanary}.txt`), canary);
  }
  const secrets = join(server.dataDir, "secrets.json");
  const generated = [...(await readFile(secrets, "utf8")).matchAll(/"([0-9a-f]{32,})"/g)].map(
    ([, value = ""]) => value,
  );
  // What only this process has in its environment.
  const environment = (await readFile("/proc/self/environ", "utf8"))
    .split("\0")
    .filter((entry) => entry.length > 12 && !/^(PATH|HOME|LANG|TERM|PWD|OLDPWD|SHLVL|_)=/.test(entry));
  const marks = [canary, nameCanary, ...generated, "root:x:0:0:", ...environment];
  const own = join(users, attacker.userId);
  const look = () => snapshot([server.dataDir, temporary], own);
  let before = await look();
  return {
    targets: [
      ...folders.map((folder) => ({ path: join(folder, "canary.txt"), planted: true })),
      { path: secrets, planted: true },
      { path: "/etc/passwd", planted: false },
      { path: "/proc/self/environ", planted: false },
    ],
    canary,
    temporary,
    findIn: (text) => marks.find((mark) => text.includes(mark)),
    async settle() {
      before = await look();
    },
    async changes() {
      const after = await look();
      return [...new Set([...before.keys(), ...after.keys()])].flatMap((path) =>
        before.get(path) === after.get(path)
          ? []
          : [`${path}: ${before.get(path) ?? "was not there"} -> ${after.get(path) ?? "is gone"}`],
      );
    },
    remove: () => rm(temporary, { recursive: true, force: true }),
  };
}

/** All that is below some folders, but for the attacker's own; and what carries the name of planted files elsewhere. */
async function snapshot(roots: string[], own: string): Promise<Map<string, string>> {
  const seen = new Map<string, string>();
  const visit = async (path: string): Promise<void> => {
    // The server renews its lock.
    if (path === own || path.endsWith("/server.json")) return;
    const stats = await lstat(path).catch(() => null);
    if (!stats) return;
    const kind = stats.isDirectory() ? "folder" : stats.isSymbolicLink() ? "link" : "file";
    const content = stats.isFile()
      ? createHash("sha256")
          .update(await readFile(path))
          .digest("hex")
      : kind === "link"
        ? await readlink(path)
        : "";
    seen.set(path, `${kind} ${(stats.mode & 0o7777).toString(8)} ${content}`);
    if (kind === "folder") for (const name of await readdir(path)) await visit(join(path, name));
  };
  for (const root of roots) await visit(root);
  for (const folder of ["/", "/etc", tmpdir(), homedir(), process.cwd()]) {
    for (const name of await readdir(folder)) {
      if (name.includes(plantedName)) seen.set(join(folder, name), "planted");
    }
  }
  return seen;
}

/** How a folder is left for a file elsewhere, with `../`. */
export function routeFrom(folder: string, { path }: Target): string {
  return relative(folder, path);
}
