import { execFileSync } from "node:child_process";
import { link, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { plantedName } from "../outside.ts";

/** What there is in the attacker's folder when an attack begins. */
export interface OwnTree {
  /** The attacker's root on the host. */
  root: string;
  /** The task's directory in it. */
  task: string;
  /** Another user's root. */
  victim: string;
  /** A folder elsewhere on the host. */
  temporary: string;
}

/** Links by name, and where they lead; absolute, or relative to where they stand. */
function links({ root, task, victim, temporary }: OwnTree, folder: string): [name: string, target: string][] {
  const users = dirname(root);
  const to = (path: string) => relative(folder, path);
  return [
    ["to-file", to(join(victim, "机密目录", "canary.txt"))],
    ["to-file-absolute", join(victim, "机密目录", "canary.txt")],
    ["to-users", to(users)],
    ["to-users-absolute", users],
    ["to-victim", to(victim)],
    ["到别人那里", join(victim, "机密目录")],
    ["to-data", to(join(users, "..", ".."))],
    ["to-host", "/"],
    ["to-host-relative", "../".repeat(30)],
    ["to-temporary", temporary],
    ["to-temporary-file", join(temporary, "canary.txt")],
    ["to-parent", ".."],
    ["to-grandparent", "../.."],
    ["to-self", "."],
    ["through-dots", "sub/../../.."],
    ["through-missing", "missing/../../.."],
    ["through-file", "own.txt/../../.."],
    ["through-self", "to-self/to-self/../.."],
    ["chain-1", "chain-2"],
    ["chain-2", "sub/chain-3"],
    ["loop", "loop"],
    ["loop-1", "loop-2"],
    ["loop-2", "loop-1"],
    ["dangling", join(temporary, plantedName)],
    ["dangling-relative", to(join(users, plantedName))],
    ["dangling-deep", join(temporary, plantedName, "deep", "file.txt")],
    ["proc-root", "/proc/self/root"],
    ["proc-cwd", "/proc/self/cwd"],
    ["proc-descriptors", "/proc/self/fd"],
    ["proc-descriptor", "/proc/self/fd/0"],
    ["proc-first", "/proc/1/root"],
    ["proc-environment", "/proc/self/environ"],
    ["device-descriptors", "/dev/fd"],
    ["device-stdin", "/dev/stdin"],
    ["device-memory", "/dev/mem"],
    ["out-through-own-root", `${root}/..`],
    ["out-through-own-task", `${root}/${task}/../../..`],
    ["prefix-of-own-root", `${root}x`],
    ["own-root-doubled", `/${root}/../`],
    ["backslashes", "..\\..\\"],
    ["encoded", "%2e%2e/%2e%2e"],
    ["line\nbreak", ".."],
    ["staging", ".zcbot-upload-00000000-0000-4000-8000-000000000000"],
  ];
}

/** Names of the planted links, for paths that go through them. */
export const linkNames = links({ root: "/r", task: "t", victim: "/v", temporary: "/t" }, "/r").map(
  ([name]) => name,
);

/** Makes the attacker's folder anew: its own files, and the links at its root and in the task's directory. */
export async function plantTree(tree: OwnTree): Promise<void> {
  // Paths of the corpus are longer than Node can name in one piece.
  execFileSync("rm", ["-rf", tree.root]);
  for (const folder of [tree.root, join(tree.root, tree.task)]) {
    await mkdir(join(folder, "sub", "深"), { recursive: true });
    await writeFile(join(folder, "own.txt"), "own\n");
    await writeFile(join(folder, "sub", "own.txt"), "own\n");
    for (const [name, target] of links(tree, folder)) await symlink(target, join(folder, name));
    await symlink("../..", join(folder, "sub", "chain-3"));
    for (let hop = 0; hop < 50; hop++)
      await symlink(hop === 49 ? ".." : `hop-${hop + 1}`, join(folder, `hop-${hop}`));
    // Its content may be read: who owns the link owns the file. It must not be written to.
    await link(join(tree.temporary, "hard.txt"), join(folder, "hard.txt"));
  }
  // What the server keeps of uploads, and remembers for the model.
  await mkdir(join(tree.root, ".memory"));
  await symlink(join(tree.victim, "机密目录", "canary.txt"), join(tree.root, ".memory", "one.md"));
  await symlink(join(tree.victim, "机密目录"), join(tree.root, ".memory", "folder"));
  await symlink(join(tree.temporary, "canary.txt"), join(tree.root, ".memory", "three.md"));
}
