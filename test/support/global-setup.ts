import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { createLogger } from "../../src/server/log.ts";
import { readEnvironment } from "../../src/server/settings/config.ts";
import { type DatabaseAddress, openDatabase } from "../../src/server/store/database.ts";
import { migrate } from "../../src/server/store/migrations/migrate.ts";
import { startEmbeddedPostgres } from "../../src/server/store/postgres/embedded-postgres.ts";
import { atDatabase, quoteName } from "./database-address.ts";

declare module "vitest" {
  interface ProvidedContext {
    testDatabase: { address: DatabaseAddress; template: string };
  }
}

const logger = createLogger("error");

/**
 * One Postgres for the whole run, with a migrated template that `createTestDatabase` clones: an embedded
 * one, or the one of TEST_DATABASE_URL (whose user may create databases). Ended and removed afterwards.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { address, end } = await startPostgres();
  const template = `zcbot_template_${process.pid}`;
  try {
    await administer(address, `create database ${quoteName(template)}`);
    const database = openDatabase(atDatabase(address, template), {
      poolSize: 1,
      applicationName: "zcbot test template",
      logger,
    });
    try {
      await migrate(database);
    } finally {
      await database.close();
    }
  } catch (error) {
    await end();
    throw error;
  }
  project.provide("testDatabase", { address, template });
  return async () => {
    await administer(address, `drop database if exists ${quoteName(template)} with (force)`);
    await end();
  };
}

async function startPostgres(): Promise<{ address: DatabaseAddress; end: () => Promise<void> }> {
  const url = readEnvironment().TEST_DATABASE_URL;
  if (url) return { address: { url }, end: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), "zcbot-test-"));
  const server = await startEmbeddedPostgres({
    folder: join(folder, "postgres"),
    logger,
    // Tests lose power never, and open many connections.
    settings: { fsync: "off", max_connections: "200" },
  });
  const end = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { address: server.address, end };
}

async function administer(address: DatabaseAddress, statement: string): Promise<void> {
  const database = openDatabase(address, { poolSize: 1, applicationName: "zcbot test setup", logger });
  try {
    await database.pool.query(statement);
  } finally {
    await database.close();
  }
}
