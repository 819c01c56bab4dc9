import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** Things that are one moment the attacker's own, and the next a link to somebody else's. */
export interface Swapper {
  /** Stops swapping, and says how often it was done. */
  stop(): Promise<number>;
}

const program = fileURLToPath(import.meta.resolve("./swap.ts"));

/** Of a name: a folder or a file of one's own, and a link to `outside`. */
export interface Swapped {
  path: string;
  kind: "folder" | "file";
  outside: string;
}

/** What lies in a folder that is swapped, under the same names as outside. */
export async function plantOwn(folder: string): Promise<void> {
  await mkdir(join(folder, "sub"), { recursive: true });
  for (const name of ["canary.txt", "own.txt", "sub/canary.txt"])
    await writeFile(join(folder, name), "own\n");
}

/** Plants what is to be swapped, and lets a process of its own do it. */
export async function startSwapping(things: Swapped[]): Promise<Swapper> {
  for (const { path, kind, outside } of things) {
    for (const face of ["", ".own", ".other"]) await rm(path + face, { recursive: true, force: true });
    await mkdir(dirname(path), { recursive: true });
    if (kind === "folder") await plantOwn(path);
    else await writeFile(path, "own\n");
    await symlink(outside, `${path}.other`);
  }
  const child = spawn(process.execPath, [program, ...things.map(({ path }) => path)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const said = text(child.stdout);
  const exited = once(child, "exit");
  return {
    async stop() {
      child.stdin.end();
      await exited;
      return Number(await said);
    },
  };
}
