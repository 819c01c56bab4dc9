import { sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { StartError } from "../../start-error.ts";
import type { Database } from "../database.ts";
import { awaitDatabase } from "./await-database.ts";
import { migrations } from "./migrations.ts";

/**
 * Waits for the database (see `awaitDatabase`) and brings its tables up to date, all in one transaction.
 * Several servers may start at once: an advisory lock lets one do the work. Gives the names of what was
 * applied. Throws StartError when the database was made by a newer zcbot, and the database's own error
 * when a migration fails.
 */
export async function migrate(
  database: Database,
  known: Record<string, Migration> = migrations,
): Promise<string[]> {
  await awaitDatabase(database);
  const applied = await readApplied(database);
  const unknown = applied.filter((name) => !(name in known));
  if (unknown.length > 0) {
    throw new StartError([
      `The database was made by a newer zcbot (it has the migration ${unknown.join(", ")}). ` +
        "Use that version, or another database.",
    ]);
  }
  // Asking Kysely alone would look through the catalog: some 15 ms of every start.
  if (applied.length === Object.keys(known).length) return [];
  const patient = database.withoutTimeout();
  try {
    const migrator = new Migrator({ db: patient.query, provider: { getMigrations: async () => known } });
    const { error, results } = await migrator.migrateToLatest();
    if (error) throw error;
    return (results ?? []).map((result) => result.migrationName);
  } finally {
    await patient.close();
  }
}

async function readApplied(database: Database): Promise<string[]> {
  const table = await sql<{ found: boolean }>`
    select to_regclass('kysely_migration') is not null as found`.execute(database.query);
  if (!table.rows[0]?.found) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(
    database.query,
  );
  return rows.map((row) => row.name);
}
