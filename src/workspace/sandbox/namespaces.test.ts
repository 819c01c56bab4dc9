import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const support = join(import.meta.dirname, "../../../test/support/sandbox.ts");
const program = `
  const { openTestSandbox } = await import(${JSON.stringify(support)});
  const { runCommand } = await import(${JSON.stringify(join(import.meta.dirname, "../run-command.ts"))});
  const sandbox = await openTestSandbox("reduced", { bubblewrap: null, userFiles: true });
  const command = { argv: ["sh", "-c", "echo 始 > 新 && cat 新"], cwd: process.env.FOLDER, timeoutMs: 20_000, maxOutputBytes: 1_000 };
  console.log((await runCommand(sandbox, { ...command, signal: new AbortController().signal })).output);
  await sandbox.close();`;

/** Its own user may do this to its own view of the file systems. */
const likeSystemd = `
  set -e
  mount -o remount,bind,nosuid,nodev,noexec /proc
  mount -t tmpfs -o noexec,nodev,noatime none "$FOLDER"
  mkdir "$FOLDER/任务"
  FOLDER="$FOLDER/任务" exec "$@"`;

const isRoot = process.getuid?.() === 0;
const node = [process.execPath, "--input-type=module", "--eval", program];
const asOrdinary = isRoot ? ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"] : [];
/** Not so where the checkout lies in a home of root's. */
const canRead =
  isRoot &&
  (await start([...asOrdinary, "test", "-r", support], "/").then(
    () => true,
    () => false,
  ));

test.runIf(process.platform === "linux")(
  "there is a reduced level where /proc and the data are mounted for no execution",
  async () => {
    const user = isRoot ? [] : ["--user", "--map-root-user"];
    const argv = ["unshare", ...user, "--mount", "sh", "-c", likeSystemd, "sh", ...node];
    expect(await inFolder((folder) => start(argv, folder))).toBe("始");
  },
);

test.runIf(process.platform === "linux" && (canRead || !isRoot))(
  "there is a reduced level for a server of an ordinary user",
  async () => {
    expect(await inFolder((folder) => start([...asOrdinary, ...node], folder))).toBe("始");
  },
);

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "zcbot-数据 夹-"));
  await chmod(folder, 0o777);
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function start([file = "", ...rest]: string[], folder: string): Promise<string> {
  const { stdout } = await promisify(execFile)(file, rest, { env: { ...process.env, FOLDER: folder } });
  return stdout.trim();
}
