import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { createLogger } from "../src/server/log.ts";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../src/server/store/postgres/embedded-postgres.ts";
import { atDatabase, toUrl } from "../test/support/database-address.ts";
import type { Started } from "./processes.ts";
import { addressIn, startServer } from "./setup.ts";

export type Role = "all" | "api" | "worker";

/** Servers that meet in one database, which is new and theirs alone. */
export interface Cluster {
  /** The first one that takes requests. */
  url: string;
  /** Of the servers in the order of their roles, then that of Postgres. */
  pids: number[];
  close(): Promise<void>;
}

/** A Postgres for one cluster after the other, and a data folder that all of them share. */
export interface Ground {
  start(roles: Role[], modelUrl: string): Promise<Cluster>;
  close(): Promise<void>;
}

/** The Postgres is the one that a server starts by itself, so that all ways to run are measured on the same. */
export async function prepareGround(): Promise<Ground> {
  const dataDir = await mkdtemp(join(tmpdir(), "zcbot-bench-"));
  const folder = join(dataDir, "postgres");
  const postgres = await startEmbeddedPostgres({
    folder,
    logger: createLogger("warn"),
    // Up to four servers of 21 connections each.
    settings: { max_connections: "100" },
  });
  return {
    start: (roles, modelUrl) => startCluster(roles, modelUrl, dataDir, postgres),
    async close() {
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function startCluster(
  roles: Role[],
  modelUrl: string,
  dataDir: string,
  postgres: EmbeddedPostgres,
): Promise<Cluster> {
  const name = `bench_${randomUUID().replaceAll("-", "")}`;
  await administer(postgres, `create database ${name}`);
  const databaseUrl = toUrl(atDatabase(postgres.address, name));
  const servers: Started[] = [];
  for (const role of roles) {
    const environment = { DATABASE_URL: databaseUrl, ZCBOT_ROLE: role };
    servers.push(await startServer({ dataDir, modelUrl, environment }));
  }
  const first = servers[roles.findIndex((role) => role !== "worker")];
  if (!first) throw new Error("a cluster needs a server that takes requests");
  return {
    url: addressIn(first),
    pids: [...servers.map((server) => server.process.pid ?? 0), postgres.pid],
    async close() {
      await Promise.all(servers.map((server) => server.stop()));
      await administer(postgres, `drop database ${name} with (force)`);
    },
  };
}

async function administer({ address }: EmbeddedPostgres, statement: string): Promise<void> {
  const { socketDirectory: host, port, user, database } = address;
  const client = new pg.Client({ host, port, user, database });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
