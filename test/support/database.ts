import { randomUUID } from "node:crypto";
import { inject } from "vitest";
import { createLogger } from "../../src/server/log.ts";
import { type Database, type DatabaseAddress, openDatabase } from "../../src/server/store/database.ts";
import { atDatabase, quoteName, toUrl } from "./database-address.ts";
import type {} from "./global-setup.ts";

/** A database of a test file's own, with all tables, empty. */
export interface TestDatabase {
  address: DatabaseAddress;
  /** The same as DATABASE_URL, for servers started as processes. */
  url: string;
  database: Database;
  /** Closes `database`, cuts off whoever is still connected, and removes it. */
  drop(): Promise<void>;
}

const logger = createLogger("error");

/** Clones the migrated template (some 0.1 s); `empty` gives one without tables instead. */
export async function createTestDatabase({ empty = false, poolSize = 10 } = {}): Promise<TestDatabase> {
  const { address: server, template } = inject("testDatabase");
  const name = `zcbot_test_${randomUUID()}`;
  const source = empty ? "template0" : template;
  await administer(server, `create database ${quoteName(name)} template ${quoteName(source)}`);
  const address = atDatabase(server, name);
  const database = openDatabase(address, { poolSize, applicationName: "zcbot test", logger });
  return {
    address,
    url: toUrl(address),
    database,
    async drop() {
      await database.close();
      await administer(server, `drop database if exists ${quoteName(name)} with (force)`);
    },
  };
}

async function administer(address: DatabaseAddress, statement: string): Promise<void> {
  const administration = openDatabase(address, { poolSize: 1, applicationName: "zcbot test", logger });
  try {
    await administration.pool.query(statement);
  } finally {
    await administration.close();
  }
}
