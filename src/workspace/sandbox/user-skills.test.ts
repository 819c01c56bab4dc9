import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestSandbox } from "../../../test/support/sandbox.ts";
import { runCommand } from "../run-command.ts";
import type { CommandResult, Sandbox } from "./sandbox.ts";

let users: string;

async function putSkill(user: string, words: string): Promise<void> {
  await mkdir(join(users, user, ".skills/写周报/scripts"), { recursive: true });
  await mkdir(join(users, user, "任务"), { recursive: true });
  await writeFile(join(users, user, ".skills/写周报/scripts/说.sh"), `echo ${words}`);
}

beforeAll(async () => {
  users = await mkdtemp(join(tmpdir(), "zcbot-技能-"));
  await putSkill("甲", "甲的话");
  await putSkill("乙", "乙的话");
  await mkdir(join(users, "丙/任务"), { recursive: true });
  await mkdir(join(users, "丁/任务"), { recursive: true });
  await symlink(join(users, "甲/.skills"), join(users, "丁/.skills"));
});
afterAll(() => rm(users, { recursive: true }));

describe.each(["strict", "reduced"] as const)("at the level %s", (level) => {
  let sandbox: Sandbox | null;
  beforeAll(async () => {
    sandbox = await openTestSandbox(level);
  });
  afterAll(() => sandbox?.close());
  beforeEach(({ skip }) => {
    if (!sandbox) skip("this machine has no such sandbox");
  });

  function run(user: string, script: string): Promise<CommandResult> {
    if (!sandbox) throw new Error("no sandbox");
    return runCommand(sandbox, {
      argv: ["bash", "-c", script],
      cwd: join(users, user, "任务"),
      timeoutMs: 20_000,
      maxOutputBytes: 10_000,
      signal: new AbortController().signal,
    });
  }

  test("a command reads and runs what lies in its own user's skills, and changes nothing there", async () => {
    const places = sandbox?.pathOfSkills(join(users, "甲/.skills"), "user");
    const { output } = await run(
      "甲",
      `bash ${places}/写周报/scripts/说.sh; echo 坏 > ${places}/写周报/SKILL.md || echo 不能写; ls /user-skills`,
    );
    expect(output).toMatch(/^甲的话\n[\s\S]*Read-only file system\n不能写\n写周报\n$/);
    expect((await run("乙", `bash ${places}/写周报/scripts/说.sh`)).output).toBe("乙的话\n");
  });

  test("without skills there are none, and a link to somebody else's is not followed", async () => {
    for (const user of ["丙", "丁"]) expect((await run(user, "ls -A /user-skills")).output).toBe("");
  });
});
