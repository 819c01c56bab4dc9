import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestSandbox } from "../../test/support/sandbox.ts";
import { runCommand } from "./run-command.ts";
import { findLauncher, groupLauncher, plainSandbox } from "./sandbox/plain.ts";
import type { Command, CommandResult, Sandbox } from "./sandbox/sandbox.ts";
import { killAllCommands } from "./start-command.ts";

const sandboxes: { name: string; get: () => Promise<Sandbox | null> }[] = [
  { name: "in a strict sandbox", get: () => openTestSandbox("strict") },
  { name: "in a reduced sandbox", get: () => openTestSandbox("reduced") },
  {
    name: "in a pid namespace or what comes nearest",
    get: async () => plainSandbox(await findLauncher(), "off", []),
  },
  { name: "in a process group", get: async () => plainSandbox(await groupLauncher(), "off", []) },
];

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "zcbot-命令-"));
});
afterAll(() => rm(cwd, { recursive: true }));

/** Processes with this text in their command line. */
async function processesWith(text: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.filter((line) => line.includes(text));
}

/** Settles when `condition` holds; the test's own time limit bounds it. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

/** A sleep that no other process has. */
function uniqueSleep(): string {
  return `sleep 3${Math.floor(Math.random() * 1e9)}`;
}

function asCommandLine(sleep: string): string {
  return sleep.replace(" ", "\0");
}

describe.each(sandboxes)("a command $name", ({ get }) => {
  let sandbox: Sandbox | null;
  /** The working directory as commands see it. */
  let seen: string;
  beforeAll(async () => {
    sandbox = await get();
    seen = sandbox?.pathInside(cwd) ?? "";
  });
  afterAll(() => sandbox?.close());
  beforeEach(({ skip }) => {
    if (!sandbox) skip("this machine has no such sandbox");
  });

  function run(script: string, more: Partial<Command> = {}): Promise<CommandResult> {
    if (!sandbox) throw new Error("no sandbox");
    return runCommand(sandbox, {
      argv: ["bash", "-c", script],
      cwd,
      timeoutMs: 20_000,
      maxOutputBytes: 10_000,
      signal: new AbortController().signal,
      ...more,
    });
  }

  test("gives its output in order, its exit code, and what it writes belongs to the server's user", async () => {
    const result = await run("echo 一; echo 二 >&2; echo 三; echo 内容 > 文件.txt; exit 7");
    expect(result).toMatchObject({ exitCode: 7, killedBy: null, output: "一\n二\n三\n", droppedBytes: 0 });
    const owner = await stat(join(cwd, "文件.txt"));
    expect([owner.uid, owner.gid]).toEqual([process.getuid?.(), process.getgid?.()]);
  });

  test("sees a clean environment and no descriptor of the server's", async () => {
    process.env.SECRET_CANARY = "canary";
    const { output } = await run("env; echo; readlink /proc/self/fd/*; cat /proc/$PPID/environ", {
      env: { LANGUAGE_NAME: "中文" },
    });
    const [environment = "", descriptors = ""] = output.split("\n\n");
    const names = environment.split("\n").map((line) => line.split("=")[0]);
    const expected = [
      "PATH",
      "HOME",
      "LANG",
      "TERM",
      "LANGUAGE_NAME",
      "PWD",
      "SHLVL",
      "_",
      "OLDPWD",
      "ZCBOT_COMMAND",
    ];
    expect(names.filter((name) => !expected.includes(name ?? ""))).toEqual([]);
    expect(environment).toContain(`HOME=${seen}`);
    expect(environment).toContain("LANGUAGE_NAME=中文");
    expect(descriptors).toContain("/dev/null");
    expect(
      descriptors.split("\n").filter((line) => /^\/(?!dev\/null|proc)|inotify|eventpoll/.test(line)),
    ).toEqual([]);
    expect(output).not.toContain("canary");
    const listed = await run("ls /proc/self/fd");
    expect(listed.output.trim().split("\n")).toEqual(["0", "1", "2", "3"]);
  });

  test("reads what it is given, and need not", async () => {
    expect((await run("cat", { stdin: "你好" })).output).toBe("你好");
    expect((await run("echo 不读", { stdin: "x".repeat(1_000_000) })).output).toBe("不读\n");
    expect((await run("cat; echo 完")).output).toBe("完\n");
  });

  test("live output has whole characters, also where a chunk ends within one", async () => {
    const pieces: string[] = [];
    const script = String.raw`printf '\xe6\xb1'; sleep 0.05; printf '\x89\xe5\xad\x97\xff'; sleep 0.05; printf '\xe6\xb1'`;
    const result = await run(script, { onOutput: (text) => pieces.push(text) });
    expect(pieces.join("")).toBe("汉字\uFFFD\uFFFD");
    expect(result.output).toBe("汉字\uFFFD\uFFFD");
  });

  test("a flood of output is bounded, with head and tail", async () => {
    const result = await run("echo 头; yes 洪水 | head -c 20000000; echo 尾", { maxOutputBytes: 1_000 });
    expect(result.output).toMatch(/^头\n.*bytes left out.*尾\n$/s);
    expect(Buffer.byteLength(result.output)).toBeLessThan(1_100);
    expect(result.droppedBytes).toBeGreaterThan(19_990_000);
  });

  test("an endless one is killed when its time is up", async () => {
    const sleep = uniqueSleep();
    const result = await run(`echo 始; yes > /dev/null & trap '' TERM INT HUP; ${sleep}`, { timeoutMs: 300 });
    expect(result).toMatchObject({ exitCode: null, killedBy: "timeout" });
    expect(await processesWith(asCommandLine(sleep))).toEqual([]);
  });

  const leftovers: Record<string, (sleep: string) => string> = {
    "a background child that holds the pipe": (sleep) => `${sleep} & echo 始`,
    "a child in a session of its own": (sleep) => `setsid ${sleep} & echo 始`,
    "a child that ignores hang-ups": (sleep) => `nohup ${sleep} > /dev/null 2>&1 & echo 始`,
    "a double-forked daemon": (sleep) =>
      `(setsid bash -c '${sleep} < /dev/null > /dev/null 2>&1 &') & echo 始`,
    "a disowned child of a child": (sleep) => `bash -c '${sleep} & disown; exit 0'; echo 始`,
  };
  for (const [kind, script] of Object.entries(leftovers)) {
    test(`leaves nothing when it ends by itself: ${kind}`, async () => {
      const sleep = uniqueSleep();
      const result = await run(script(sleep));
      expect(result).toMatchObject({ exitCode: 0, killedBy: null, output: "始\n" });
      expect(await processesWith(asCommandLine(sleep))).toEqual([]);
    });

    test(`leaves nothing when it is stopped: ${kind}`, async () => {
      const sleep = uniqueSleep();
      const stop = new AbortController();
      const ending = run(`${script(sleep)}; echo 好; sleep 100`, {
        signal: stop.signal,
        onOutput: (text) => {
          if (text.includes("好")) stop.abort();
        },
      });
      const result = await ending;
      expect(result).toMatchObject({ exitCode: null, killedBy: "abort" });
      expect(await processesWith(asCommandLine(sleep))).toEqual([]);
    });
  }

  test("one that is stopped before or while it starts leaves nothing", async () => {
    const sleep = uniqueSleep();
    expect(await run(sleep, { signal: AbortSignal.abort() })).toMatchObject({ killedBy: "abort" });
    for (let turn = 0; turn < 10; turn++) {
      const stop = new AbortController();
      const ending = run(sleep, { signal: stop.signal });
      for (let tick = 0; tick < turn; tick++) await new Promise((resolve) => setImmediate(resolve));
      stop.abort();
      expect(await ending).toMatchObject({ killedBy: "abort" });
    }
    expect(await processesWith(asCommandLine(sleep))).toEqual([]);
  });

  test("says when a signal has ended it, and when there is no such program or directory", async () => {
    expect(await run("kill -9 $$")).toMatchObject({ exitCode: 137, killedBy: "signal" });
    expect(await run("kill -TERM $$")).toMatchObject({ exitCode: 143, killedBy: "signal" });
    expect(await run("", { argv: ["没有的程序"] })).toMatchObject({ exitCode: 127, killedBy: null });
    await expect(run("true", { cwd: join(cwd, "没有") })).rejects.toMatchObject({ code: "path_not_found" });
  });

  test("is not started where a link stands for its directory", async () => {
    const link = join(cwd, "链接");
    await symlink(tmpdir(), link);
    await expect(run("true", { cwd: link })).rejects.toMatchObject({ code: "path_not_found" });
    await rm(link);
  });

  test("ends with all others when the server does", async () => {
    const sleep = uniqueSleep();
    const ending = [run(`setsid ${sleep} & wait`), run(sleep)];
    await until(async () => (await processesWith(asCommandLine(sleep))).length >= 2);
    await killAllCommands();
    expect(await processesWith(asCommandLine(sleep))).toEqual([]);
    for (const result of await Promise.all(ending)) expect(result.killedBy).toBe("abort");
  });
});

test("commands in a namespace die with a server that is killed", async ({ skip }) => {
  if ((await findLauncher()).containment !== "namespace") skip();
  const sleep = uniqueSleep();
  const module = fileURLToPath(new URL("./run-command.ts", import.meta.url));
  const plain = fileURLToPath(new URL("./sandbox/plain.ts", import.meta.url));
  const script = `
    import { runCommand } from ${JSON.stringify(module)};
    import { findLauncher, plainSandbox } from ${JSON.stringify(plain)};
    const sandbox = plainSandbox(await findLauncher(), "off", []);
    const script = ${JSON.stringify(`setsid ${sleep} & ${sleep}`)};
    await runCommand(sandbox, { argv: ["bash", "-c", script], cwd: "/", timeoutMs: 60_000, maxOutputBytes: 100,
      signal: new AbortController().signal });`;
  const server = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
    stdio: "ignore",
  });
  await until(
    async () => (await processesWith(`\0${asCommandLine(sleep)}`)).length + (await exact(sleep)) >= 2,
  );
  server.kill("SIGKILL");
  await once(server, "exit");
  await until(async () => (await exact(sleep)) === 0);
});

async function exact(sleep: string): Promise<number> {
  const found = await processesWith(asCommandLine(sleep));
  return found.filter((line) => line === `${asCommandLine(sleep)}\0`).length;
}

test("a command's mark is its own", async () => {
  const canary = randomUUID();
  const sandbox = plainSandbox(await groupLauncher(), "off", []);
  const other = spawn("sleep", ["300"], { env: { ZCBOT_COMMAND: canary }, stdio: "ignore" });
  const command = { cwd, timeoutMs: 5_000, maxOutputBytes: 10, signal: new AbortController().signal };
  await runCommand(sandbox, { ...command, argv: ["true"] });
  expect(other.exitCode ?? other.signalCode).toBeNull();
  other.kill();
  await once(other, "exit");
});
