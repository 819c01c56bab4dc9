import { createLogger } from "../../server/log.ts";
import { loadConfig, readEnvironment } from "../../server/settings/config.ts";
import { openDatabase } from "../../server/store/database.ts";
import { migrate as migrateDatabase } from "../../server/store/migrations/migrate.ts";
import { CommandError, exitCode } from "../exit-code.ts";

/** Brings the tables of DATABASE_URL up to date, for those who want that apart from a start. */
export async function migrate({ data }: { data?: string }): Promise<number> {
  const config = loadConfig({ flags: { dataDir: data }, environment: readEnvironment(), cwd: process.cwd() });
  if (config.databaseUrl === undefined) {
    throw new CommandError("Set DATABASE_URL. The built-in database is migrated by serve.", exitCode.usage);
  }
  const logger = createLogger(config.logLevel);
  const address = { url: config.databaseUrl };
  const database = openDatabase(address, { poolSize: 1, applicationName: "zcbot migrate", logger });
  try {
    const applied = await migrateDatabase(database);
    process.stderr.write(
      applied.length === 0 ? "The database is up to date.\n" : `Applied ${applied.join(", ")}.\n`,
    );
    return exitCode.ok;
  } finally {
    await database.close();
  }
}
