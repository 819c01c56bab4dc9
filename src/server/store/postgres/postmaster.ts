import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { open, readdir, readFile, readlink, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { readCommandLine, readStartTime } from "../../data-folder/process-identity.ts";
import { StartError } from "../../start-error.ts";
import { superuser } from "./cluster.ts";
import { useYourOwn } from "./installation.ts";
import { type Launcher, launch } from "./launcher.ts";

/** A running Postgres, our child or adopted. */
export interface Postmaster {
  pid: number;
  /** Settles when the process is gone. */
  exited: Promise<void>;
}

/** What to start: the program with its parameters, the last of which is the folder of the socket. */
export interface PostmasterCommand {
  launcher: Launcher;
  program: string;
  parameters: string[];
  socketDirectory: string;
  logFile: string;
}

/** The socket's name is made of a port, though no port is opened. */
export const socketPort = 5432;
const maxLogBytes = 1_000_000;
/** After a crash it replays at most max_wal_size, which takes seconds. */
const startTimeoutMs = 120_000;

/**
 * Starts Postgres and waits until it answers. It gets a session of its own: Ctrl-C in the terminal must
 * reach the server, which then ends its work before it stops Postgres. Throws StartError with Postgres'
 * own words when it gives up.
 */
export async function startPostmaster(command: PostmasterCommand, signal: AbortSignal): Promise<Postmaster> {
  const { launcher, program, parameters, logFile } = command;
  const logStart = await rotateLog(logFile);
  const log = openSync(logFile, "a", 0o600);
  let child: ChildProcess;
  try {
    const launched = launch(launcher, program, parameters);
    child = spawn(launched.command, launched.parameters, {
      ...launched.options,
      detached: true,
      stdio: ["ignore", log, log],
    });
  } finally {
    closeSync(log);
  }
  child.unref();
  let gone = false;
  const exited = new Promise<void>((resolve) => {
    const end = () => {
      gone = true;
      resolve();
    };
    child.once("exit", end);
    child.once("error", end);
  });
  const deadline = Date.now() + startTimeoutMs;
  for (let pause = 2; !gone; pause = Math.min(pause * 1.2, 100)) {
    if (await answers(command.socketDirectory)) return { pid: child.pid ?? 0, exited };
    if (signal.aborted || Date.now() > deadline) {
      child.kill("SIGQUIT");
      await exited;
      break;
    }
    await Promise.race([delay(pause), exited]);
  }
  signal.throwIfAborted();
  const words = (await readFile(logFile)).subarray(logStart).toString().trim();
  throw new StartError([
    `The embedded Postgres did not start (its log is ${logFile}):\n${words.slice(-2000)}\n${useYourOwn}`,
  ]);
}

/** Whether a Postgres takes connections there. */
export async function answers(socketDirectory: string): Promise<boolean> {
  const client = new pg.Client({
    host: socketDirectory,
    port: socketPort,
    user: superuser,
    database: "postgres",
    connectionTimeoutMillis: 5_000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The Postgres that runs on a data directory, started by whomever, with the command line it was given. */
export interface FoundPostmaster {
  pid: number;
  commandLine: string;
  socketDirectory: string;
}

/**
 * Finds the Postgres that a killed server left behind. A `postmaster.pid` whose pid another program has
 * by now, or a zombie, is removed: Postgres would take that for itself and refuse to start. Where no
 * such process is left it stays, because Postgres reads from it whose children to wait for.
 */
export async function findPostmaster(data: string): Promise<FoundPostmaster | undefined> {
  const path = join(data, "postmaster.pid");
  const lines = (await readFile(path, "utf8").catch(() => "")).split("\n");
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0 || !signalProcess(pid, 0)) return undefined;
  const commandLine = (readStartTime(pid) && readCommandLine(pid)) ?? "";
  if (!commandLine.includes(`/postgres -D ${data} `)) {
    await rm(path, { force: true });
    return undefined;
  }
  return { pid, commandLine, socketDirectory: lines[4] ?? "" };
}

/** Adopts a Postgres that is no child of this process: its end is noticed within half a second. */
export function adoptPostmaster(pid: number): Postmaster {
  const startTime = readStartTime(pid);
  const exited = new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (startTime !== undefined && readStartTime(pid) === startTime) return;
      clearInterval(timer);
      resolve();
    }, 500);
    timer.unref();
  });
  return { pid, exited };
}

/**
 * Stops Postgres and waits for its end: fast (clients are cut off, everything is written) or, when that
 * takes over 30 s, at once (the next start recovers from the log).
 */
export async function stopPostmaster({ pid }: Postmaster): Promise<void> {
  const startTime = readStartTime(pid);
  if (startTime === undefined) return;
  const patience: [NodeJS.Signals, number][] = [
    ["SIGINT", 30_000],
    ["SIGQUIT", 10_000],
    ["SIGKILL", 10_000],
  ];
  for (const [name, wait] of patience) {
    signalProcess(pid, name);
    const deadline = Date.now() + wait;
    while (Date.now() < deadline) {
      if (readStartTime(pid) !== startTime) return;
      await delay(5);
    }
  }
}

/**
 * Ends the children of a killed Postgres: those at work would hold its memory until they are done.
 * They are known by their working directory; where that cannot be read (macOS) they end by themselves.
 */
export async function quitOrphans(data: string): Promise<void> {
  for (const name of await readdir("/proc").catch(() => [])) {
    const pid = Number(name);
    if (!Number.isSafeInteger(pid)) continue;
    const directory = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
    if (directory === data && readCommandLine(pid)?.startsWith("postgres: ")) signalProcess(pid, "SIGQUIT");
  }
}

/** Sends a signal; says whether there was such a process, be it somebody else's. */
export function signalProcess(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Keeps one old log; gives the byte where the new entries begin. */
async function rotateLog(logFile: string): Promise<number> {
  const size = await stat(logFile).then(
    (found) => found.size,
    () => 0,
  );
  if (size > maxLogBytes) {
    await rename(logFile, `${logFile}.1`);
    return 0;
  }
  await (await open(logFile, "a", 0o600)).close();
  return size;
}
