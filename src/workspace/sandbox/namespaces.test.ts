import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
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

test.runIf(process.platform === "linux")(
  "there is a reduced level where /proc and the data are mounted for no execution",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "zcbot-数据 夹-"));
    const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
    const node = [process.execPath, "--input-type=module", "--eval", program];
    try {
      const { stdout } = await promisify(execFile)(
        "unshare",
        [...user, "--mount", "sh", "-c", likeSystemd, "sh", ...node],
        { env: { ...process.env, FOLDER: folder } },
      );
      expect(stdout.trim()).toBe("始");
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
