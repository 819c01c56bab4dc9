import { spawn } from "node:child_process";
import { statfs } from "node:fs/promises";

/**
 * Bytes of disk that a tree takes: blocks in use, so that holes of sparse files are free, and hard links count once.
 * Infinite where a part of it cannot be read. Null where it is missing or nothing counts it.
 *
 * By `du`, at the lowest priority: a tree of 100,000 files takes 0.27 s of another process, where a walk of our own
 * took 2.7 s of this one.
 */
export async function measureTree(hostPath: string): Promise<number | null> {
  const child = spawn("nice", ["-n", "19", "du", "-skx", "--", hostPath], {
    cwd: "/",
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  let total = "";
  let isHidden = false;
  child.once("error", () => resolve()).once("close", () => resolve());
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    total += text;
  });
  // Of what vanishes meanwhile it complains too.
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    isHidden ||= text.includes("Permission denied");
  });
  await promise;
  if (isHidden) return Number.POSITIVE_INFINITY;
  const kibibytes = /^\d+/.exec(total)?.[0];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

/** Of a disk's inodes, the part that is never used up. */
const inodesKept = 0.01;

/** Bytes that are left on the disk of a path; none where it can hold no more files; infinite where that cannot be told. */
export async function measureFree(hostPath: string): Promise<number> {
  try {
    const { bavail, bsize, files, ffree } = await statfs(hostPath);
    return files > 0 && ffree < files * inodesKept ? 0 : bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
