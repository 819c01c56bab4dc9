import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

/** A server that has a command at work, tells its watchdog of a short lease, and then hangs until it is killed. */
const program = `
  import { startWatchdog } from ${JSON.stringify(import.meta.resolve("./watchdog.ts"))};
  import { runCommand } from ${JSON.stringify(import.meta.resolve("../run-command.ts"))};
  import { findLauncher, plainSandbox } from ${JSON.stringify(import.meta.resolve("../sandbox/plain.ts"))};
  const sandbox = plainSandbox(await findLauncher(), "off", []);
  const watchdog = startWatchdog();
  void runCommand(sandbox, {
    argv: ["bash", "-c", "setsid sleep 1000 & echo $$ $! > 进程; wait"],
    cwd: process.cwd(), timeoutMs: 1e6, maxOutputBytes: 100, signal: new AbortController().signal,
  });
  process.stdin.on("data", () => {
    watchdog.extend(Number(process.env.LEASE));
    console.log("told");
    // Time for the pipe to take the line; then nothing runs here any more.
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 50);
  });
`;

const slow = { timeout: 20_000, interval: 20 };

test.skipIf(process.platform !== "linux")(
  "a server that hangs past its lease loses its commands, whatever they have started, and lives",
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "zcbot-看门狗-"));
    const server = spawn(process.execPath, ["--input-type=module", "-e", program], {
      cwd: directory,
      env: { PATH: process.env.PATH, LEASE: "300" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const gone = once(server, "exit");
    onTestFinished(async () => {
      server.kill("SIGKILL");
      await gone;
      await rm(directory, { recursive: true, force: true });
    });
    const readPids = () => readFile(join(directory, "进程"), "utf8").catch(() => "");
    await expect.poll(readPids, slow).toMatch(/\d+ \d+\n/);
    expect(await countNeighbours(directory)).toBeGreaterThan(1);
    server.stdin.write("now\n");
    await once(server.stdout, "data");
    await expect.poll(() => countNeighbours(directory), slow).toBe(0);
    expect(server.exitCode).toBe(null);
  },
);

/** Processes beside the server itself that work in this directory. */
async function countNeighbours(directory: string): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const places = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "")));
  return places.filter((place) => place === directory).length - 1;
}
