import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type ListenOptions } from "node:net";
import { homedir, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { CommandLimits } from "../../../src/workspace/sandbox/sandbox.ts";
import type { Bait } from "./check.ts";
import { survivorMark } from "./checks/survivors.ts";

/** A host that is worth breaking out to, and what was done to it. */
export interface Host {
  /** The task's directory that commands work in. */
  work: string;
  data: string;
  bait: Bait & Record<string, string>;
  canary: string;
  /** What a check has done to it, as sentences; forgotten afterwards. */
  harm(): Promise<string[]>;
  close(): Promise<void>;
}

const checkout = fileURLToPath(import.meta.resolve("../../.."));
const megabyte = 2 ** 20;

/** Plants canaries, listens on sockets, and starts a process that must live. */
export async function startHost(limits: CommandLimits): Promise<Host> {
  const canary = `canary-${randomBytes(12).toString("hex")}`;
  const folder = await mkdtemp(join(tmpdir(), "zcbot-host-"));
  const data = join(folder, "data");
  const users = join(data, "workspace", "users");
  const work = join(users, "me", "任务");
  const files = {
    THEIRS: join(users, "她", "机密目录", "canary.txt"),
    VAULT: join(data, "secrets.json"),
    TEMPORARY: join(folder, "canary.txt"),
  };
  await mkdir(work, { recursive: true });
  await mkdir(join(users, "她", "机密目录"), { recursive: true });
  for (const path of Object.values(files)) await writeFile(path, canary);

  // Whatever a command inherits of this process is noticed.
  process.env.ZCBOT_ATTACKED = canary;

  const heard: string[] = [];
  const listen = async (where: ListenOptions) => {
    const server = createServer((socket) => {
      heard.push(`somebody connected to ${JSON.stringify(where)}`);
      socket.destroy();
    });
    server.listen(where);
    await once(server, "listening");
    return server;
  };
  const tcp = await listen({ host: "::", port: 0 });
  const named = await listen({ path: join(folder, "host.sock") });
  const abstract = `zcbot-attack-${randomBytes(6).toString("hex")}`;
  // Node has no abstract sockets of its own on every version: perl listens.
  const listener = spawn("perl", [
    "-MSocket",
    "-e",
    `socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack("Sa*", AF_UNIX, "\\0$ARGV[0]")) or die; listen(S, 5); $| = 1; print "ready\\n"; while (accept(C, S)) { print "hit\\n" }`,
    abstract,
  ]);
  await once(listener.stdout, "data");
  listener.stdout.on("data", () => heard.push("somebody connected to the abstract socket"));
  const udp = createSocket("udp4");
  udp.bind(0, "127.0.0.1");
  await once(udp, "listening");
  udp.on("message", () => heard.push("a datagram came"));

  const sharedMemory = 0x7a63_0000 + (process.pid & 0xffff);
  const shm = execFileSync("perl", ["-e", `print shmget(${sharedMemory}, 64, 0666 | 01000)`], {
    encoding: "utf8",
  });
  let victim = startVictim();
  const settings = readSettings();

  return {
    work,
    data,
    canary,
    bait: {
      ...files,
      DATA: data,
      CHECKOUT: checkout.replace(/\/$/, ""),
      VICTIM: String(victim.pid),
      TCP: String((tcp.address() as AddressInfo).port),
      UDP: String(udp.address().port),
      ABSTRACT: abstract,
      SOCKET: join(folder, "host.sock"),
      SHARED_MEMORY: String(sharedMemory),
      HOME_OF_HOST: homedir(),
      MAX_PROCESSES: String(limits.processes),
      MAX_MEMORY_MB: String(limits.memoryBytes / megabyte),
      MAX_TEMPORARY_MB: String(limits.temporaryBytes / megabyte),
      MAX_FILE_MB: String(limits.fileBytes / megabyte),
    },
    async harm() {
      const harm = heard.splice(0);
      if (victim.exitCode !== null || victim.signalCode !== null) {
        harm.push("the process that was not to be touched is dead");
        victim = startVictim();
      }
      const left = findSurvivors();
      if (left.length > 0) {
        await wait(200);
        const stays = findSurvivors();
        for (const pid of stays) process.kill(pid, "SIGKILL");
        harm.push(`${left.length} processes are left, ${stays.length} of them after 200 ms`);
      }
      for (const path of Object.values(files)) {
        if (readText(path) !== canary) harm.push(`${path} is changed`);
        await writeFile(path, canary);
      }
      const now = readSettings();
      for (const [name, value] of Object.entries(settings)) {
        if (now[name] !== value) harm.push(`the host's ${name} is changed`);
      }
      if (!(await stat(work).catch(() => null))?.isDirectory()) {
        harm.push("the task's directory is no directory any more");
        await rm(work, { force: true });
      }
      harm.push(...findLeft(work));
      await rm(work, { recursive: true, force: true });
      await mkdir(work);
      for (const place of [
        "/",
        "/tmp",
        "/usr",
        "/usr/bin",
        "/etc",
        "/dev",
        "/run",
        homedir(),
        checkout,
        data,
      ]) {
        for (const name of readdirSync(place)) {
          if (!name.includes("zcbot-attack-planted")) continue;
          harm.push(`${join(place, name)} is planted`);
          await rm(join(place, name), { force: true });
        }
      }
      return harm;
    },
    async close() {
      delete process.env.ZCBOT_ATTACKED;
      victim.kill("SIGKILL");
      listener.kill("SIGKILL");
      tcp.close();
      named.close();
      udp.close();
      execFileSync("perl", ["-e", `shmctl(${Number(shm)}, 0, 0)`]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function startVictim(): ChildProcess {
  return spawn("sleep", ["100000"], { detached: true, stdio: "ignore" });
}

/** "" where there is no such file. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

/** What only root may change, and what everybody would notice. */
function readSettings(): Record<string, string> {
  const names = [
    "kernel/core_pattern",
    "kernel/modprobe",
    "kernel/sysrq",
    "vm/drop_caches",
    "vm/overcommit_memory",
    "user/max_user_namespaces",
    "fs/suid_dumpable",
  ];
  const values = names.map((name) => [name, readText(join("/proc/sys", name))]);
  return { hostname: hostname(), ...Object.fromEntries(values) };
}

function findSurvivors(): number[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      const text = readFileSync(`/proc/${name}/cmdline`, "utf8");
      return text.includes(survivorMark) && !text.includes("vitest") ? [pid] : [];
    } catch {
      return [];
    }
  });
}

/** What lies in a task's directory that would be a danger outside the sandbox. */
function findLeft(work: string): string[] {
  return readdirSync(work, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    if (entry.isCharacterDevice() || entry.isBlockDevice()) return [`a device is left: ${entry.name}`];
    if (!entry.isFile()) return [];
    const { mode } = statSync(join(entry.parentPath, entry.name));
    // Who commands are inside is whoever runs the server, outside.
    return mode & 0o6000 ? [`a program with its owner's rights is left: ${entry.name}`] : [];
  });
}
