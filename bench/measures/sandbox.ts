import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../src/workspace/run-command.ts";
import { openTestSandbox } from "../../test/support/sandbox.ts";
import type { Row } from "../report.ts";
import { median } from "../statistics.ts";

const rounds = 100;

/** What the sandbox adds to a command, over the same command started plainly, in turn. */
export async function measureSandbox(): Promise<Row[]> {
  const cwd = await mkdtemp(join(tmpdir(), "zcbot-bench-"));
  const rows: Row[] = [];
  try {
    for (const level of ["strict", "reduced"] as const) {
      const sandbox = await openTestSandbox(level);
      if (!sandbox) continue;
      const plain: number[] = [];
      const added: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const direct = await time(() => spawnPlainly(cwd));
        const inside = await time(() =>
          runCommand(sandbox, {
            argv: ["bash", "-c", "true"],
            cwd,
            timeoutMs: 60_000,
            maxOutputBytes: 1_000,
            signal: new AbortController().signal,
          }),
        );
        plain.push(direct);
        added.push(inside - direct);
      }
      await sandbox.close();
      rows.push(
        {
          name: `command, added by the ${level} sandbox, p50`,
          unit: "ms",
          figure: median(added),
        },
        {
          name: `command, added by the ${level} sandbox, over a plain start`,
          unit: "times",
          figure: median(added) / median(plain),
          // 8 ms over the 1.94 ms of a plain start, where the target was set.
          ...(level === "strict" && { limit: 4.1, atMost: true }),
        },
      );
    }
  } finally {
    await rm(cwd, { recursive: true });
  }
  return rows;
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function spawnPlainly(cwd: string): Promise<void> {
  const child = spawn("bash", ["-c", "true"], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  await new Promise((resolve) => child.once("close", resolve));
}
