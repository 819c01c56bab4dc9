import { chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { StartError } from "../../start-error.ts";
import type { DatabaseAddress } from "../database.ts";
import { openCluster, superuser } from "./cluster.ts";
import { findInstallation } from "./installation.ts";
import { chooseLauncher, type Launcher } from "./launcher.ts";
import {
  adoptPostmaster,
  answers,
  findPostmaster,
  type Postmaster,
  type PostmasterCommand,
  quitOrphans,
  signalProcess,
  socketPort,
  startPostmaster,
  stopPostmaster,
} from "./postmaster.ts";
import { serverSettings, toParameters } from "./server-settings.ts";

export interface EmbeddedPostgresOptions {
  /** Absolute path of the folder it keeps to itself; made if missing. */
  folder: string;
  logger: Logger;
  /** Gives up the start. */
  signal?: AbortSignal;
  /** Laid over the usual settings of the server. */
  settings?: Record<string, string>;
  /** Told when Postgres ended by itself (`down`), and when it answers again (`up`). */
  onStateChange?: (state: "up" | "down") => void;
}

/** A Postgres of zcbot's own, kept running until it is stopped. */
export interface EmbeddedPostgres {
  /** The same for all its life, restarts included. */
  readonly address: Extract<DatabaseAddress, { socketDirectory: string }>;
  readonly pid: number;
  /** Whether it was found running, left behind by a server that was killed. */
  readonly adopted: boolean;
  /** Ends Postgres, everything written, and waits until it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts the embedded Postgres of a folder, or adopts the one that runs there, and watches over it: it is
 * started again when it ends by itself, and stopped when this process exits. The caller holds the
 * folder's lock. Throws StartError where it cannot run, saying what to do instead.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { folder, logger } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const installation = await findInstallation();
  const launcher = await chooseLauncher(folder, installation);
  const data = await openCluster(folder, installation, launcher, options.signal);
  const parameters = ["-D", data, ...toParameters({ ...serverSettings, ...options.settings }), "-k"];

  const adopted = await adopt(data, [installation.postgres, ...parameters], logger);
  const socketDirectory = adopted?.socketDirectory ?? (await makeSocketDirectory(folder, launcher));
  const command: PostmasterCommand = {
    launcher,
    program: installation.postgres,
    parameters: [...parameters, socketDirectory],
    socketDirectory,
    logFile: join(folder, "server.log"),
  };
  const discardSocket = async () => {
    if (isTemporary(socketDirectory)) await rm(socketDirectory, { recursive: true, force: true });
  };
  const first =
    adopted?.postmaster ??
    (await startWhenFree(command, data, options.signal).catch(async (error: unknown) => {
      await discardSocket();
      throw error;
    }));
  const keeper = keepRunning(first, command, data, options);
  return {
    address: { socketDirectory, port: socketPort, user: superuser, database: "postgres" },
    get pid() {
      return keeper.pid;
    },
    adopted: adopted !== undefined,
    async stop() {
      await keeper.stop();
      await discardSocket();
    },
  };
}

/** Takes over a Postgres that is exactly what would be started here; any other one is stopped. */
async function adopt(
  data: string,
  expected: string[],
  logger: Logger,
): Promise<{ postmaster: Postmaster; socketDirectory: string } | undefined> {
  const found = await findPostmaster(data);
  if (!found) return undefined;
  const { pid, socketDirectory } = found;
  const postmaster = adoptPostmaster(pid);
  const asExpected = found.commandLine === [...expected, socketDirectory].join(" ");
  if (asExpected && (await answers(socketDirectory))) {
    logger.info({ pid }, "adopted the Postgres that an earlier server left running");
    return { postmaster, socketDirectory };
  }
  logger.info({ pid }, "stopping the Postgres that an earlier server left behind");
  await stopPostmaster(postmaster);
  if (isTemporary(socketDirectory)) await rm(socketDirectory, { recursive: true, force: true });
  return undefined;
}

/** Starts Postgres once nothing of a killed one is left that holds its memory; gives up after 15 s. */
async function startWhenFree(
  command: PostmasterCommand,
  data: string,
  signal = new AbortController().signal,
): Promise<Postmaster> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    try {
      // The socket's own lock file is as easily taken for a living one as postmaster.pid.
      if (!(await findPostmaster(data)))
        await rm(`${socketPath(command.socketDirectory)}.lock`, { force: true });
      return await startPostmaster(command, signal);
    } catch (error) {
      const held = error instanceof StartError && error.message.includes("shared memory block");
      if (!held || Date.now() > deadline) throw error;
      await quitOrphans(data);
      await delay(50, undefined, { signal });
    }
  }
}

/** The folder for the socket, whose path the system limits to some 107 bytes: else a short private one. */
async function makeSocketDirectory(folder: string, { uid, gid }: Launcher): Promise<string> {
  let path = join(folder, "socket");
  if (Buffer.byteLength(socketPath(path)) <= 100) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } else {
    const parent = Buffer.byteLength(tmpdir()) > 60 ? "/tmp" : tmpdir();
    path = await mkdtemp(join(parent, temporaryPrefix));
  }
  if (uid !== process.getuid?.()) await chown(path, uid, gid);
  return path;
}

function socketPath(socketDirectory: string): string {
  return join(socketDirectory, `.s.PGSQL.${socketPort}`);
}

const firstPauseMs = 50;
const temporaryPrefix = "zcbot-socket-";

function isTemporary(socketDirectory: string): boolean {
  return basename(socketDirectory).startsWith(temporaryPrefix);
}

/** Starts Postgres again whenever it ends by itself, more and more slowly if that happens at once. */
function keepRunning(
  first: Postmaster,
  command: PostmasterCommand,
  data: string,
  { logger, onStateChange }: EmbeddedPostgresOptions,
) {
  const stopping = new AbortController();
  const { signal } = stopping;
  let current = first;
  let restarting: Promise<void> | undefined;
  let aliveSince = Date.now();
  let pause = firstPauseMs;
  // The last resort, when the process ends without stop(): Postgres then ends on its own.
  const onExit = () => {
    if (!restarting) signalProcess(current.pid, "SIGINT");
  };
  process.once("exit", onExit);

  async function restart(): Promise<void> {
    if (Date.now() - aliveSince > 60_000) pause = firstPauseMs;
    for (;;) {
      try {
        await delay(pause, undefined, { signal });
        pause = Math.min(pause * 2, 10_000);
        await mkdir(command.socketDirectory, { recursive: true, mode: 0o700 });
        current = await startWhenFree(command, data, signal);
        aliveSince = Date.now();
        return;
      } catch (error) {
        if (signal.aborted) return;
        logger.error({ error }, "the embedded Postgres does not start again");
      }
    }
  }

  async function watch(): Promise<void> {
    while (!signal.aborted) {
      await current.exited;
      if (signal.aborted) return;
      logger.error({ pid: current.pid, log: command.logFile }, "the embedded Postgres ended by itself");
      onStateChange?.("down");
      restarting = restart();
      await restarting;
      restarting = undefined;
      if (signal.aborted) return;
      logger.info({ pid: current.pid }, "the embedded Postgres runs again");
      onStateChange?.("up");
    }
  }
  void watch();

  return {
    get pid() {
      return current.pid;
    },
    async stop() {
      stopping.abort();
      if (restarting) await restarting;
      else await stopPostmaster(current);
      process.removeListener("exit", onExit);
    },
  };
}
