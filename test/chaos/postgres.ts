import { randomUUID } from "node:crypto";
import { chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import type { NetConnectOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "../../src/server/log.ts";
import { type Database, type DatabaseAddress, openDatabase } from "../../src/server/store/database.ts";
import { migrate } from "../../src/server/store/migrations/migrate.ts";
import { openCluster, superuser } from "../../src/server/store/postgres/cluster.ts";
import { findInstallation } from "../../src/server/store/postgres/installation.ts";
import { chooseLauncher } from "../../src/server/store/postgres/launcher.ts";
import {
  type Postmaster,
  signalProcess,
  socketPort,
  startPostmaster,
  stopPostmaster,
} from "../../src/server/store/postgres/postmaster.ts";
import { serverSettings, toParameters } from "../../src/server/store/postgres/server-settings.ts";
import { quoteName, toUrl } from "../support/database-address.ts";

/** A Postgres of the harness, with every safety on, that is stopped and started at will. */
export interface OwnPostgres {
  /** Where connections to it go. */
  target: NetConnectOpts;
  /** The address of one of its databases, straight to it. */
  urlOf(name: string): string;
  /** A database of its own with all tables, empty. */
  createDatabase(): Promise<ChaosDatabase>;
  /** Ends it as a power cut would: no client is told, nothing more is written. */
  crash(): Promise<void>;
  /** Starts it again; resolves when it answers. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface ChaosDatabase {
  name: string;
  /** Straight to Postgres, for the checker; its pool survives restarts. */
  database: Database;
  drop(): Promise<void>;
}

const logger = createLogger("silent");
const template = "chaos_template";

/**
 * Started by the project's own means, but not kept running by them: when it is down is the scenario's choice. It gets
 * `environment` beside the little that it is usually given.
 */
export async function startOwnPostgres(environment: Record<string, string> = {}): Promise<OwnPostgres> {
  const root = await mkdtemp(join(tmpdir(), "zcbot-chaos-"));
  const folder = join(root, "postgres");
  const socketDirectory = join(folder, "socket");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const installation = await findInstallation();
  const chosen = await chooseLauncher(folder, installation);
  const given = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const launcher = given.length > 0 ? { ...chosen, prefix: [...chosen.prefix, "env", ...given] } : chosen;
  const data = await openCluster(folder, installation, launcher);
  await mkdir(socketDirectory, { recursive: true, mode: 0o700 });
  if (launcher.uid !== process.getuid?.()) await chown(socketDirectory, launcher.uid, launcher.gid);
  const settings = toParameters({ ...serverSettings, max_connections: "200" });
  const command = {
    launcher,
    program: installation.postgres,
    parameters: ["-D", data, ...settings, "-k", socketDirectory],
    socketDirectory,
    logFile: join(folder, "server.log"),
  };
  const start = () => startPostmaster(command, new AbortController().signal);
  let postmaster: Postmaster | undefined = await start();
  let starting: Promise<Postmaster> | undefined;
  const onExit = () => void (postmaster && signalProcess(postmaster.pid, "SIGQUIT"));
  process.once("exit", onExit);

  const address = (database: string): DatabaseAddress => ({
    socketDirectory,
    port: socketPort,
    user: superuser,
    database,
  });
  await administer(address("postgres"), `create database ${template}`);
  const blank = openDatabase(address(template), { poolSize: 1, applicationName: "chaos", logger });
  await migrate(blank).finally(() => blank.close());

  return {
    target: { path: join(socketDirectory, `.s.PGSQL.${socketPort}`) },
    urlOf: (name) => toUrl(address(name)),
    async createDatabase() {
      const name = `chaos_${randomUUID().slice(0, 8)}`;
      await administer(address("postgres"), `create database ${quoteName(name)} template ${template}`);
      const database = openDatabase(address(name), { poolSize: 4, applicationName: "chaos checker", logger });
      return {
        name,
        database,
        async drop() {
          await database.close();
          await administer(address("postgres"), `drop database if exists ${quoteName(name)} with (force)`);
        },
      };
    },
    async crash() {
      if (!postmaster) return;
      signalProcess(postmaster.pid, "SIGQUIT");
      await postmaster.exited;
      postmaster = undefined;
    },
    async start() {
      if (postmaster) return;
      // Two troubles may end at once.
      starting ??= start().finally(() => {
        starting = undefined;
      });
      postmaster = await starting;
    },
    async stop() {
      process.removeListener("exit", onExit);
      if (postmaster) await stopPostmaster(postmaster);
      postmaster = undefined;
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function administer(address: DatabaseAddress, statement: string): Promise<void> {
  const database = openDatabase(address, { poolSize: 1, applicationName: "chaos", logger });
  try {
    await database.pool.query(statement);
  } finally {
    await database.close();
  }
}
