import { randomBytes } from "node:crypto";
import { Migrator } from "kysely/migration";
import { parseDatabaseUrl } from "../../../server/store/database-url.ts";
import { migrations } from "../../../server/store/migrations/migrations.ts";
import { withDatabase } from "../with-database.ts";

/** Tables of doctor's own in the operator's database, apart from those that are in use. */
export interface ScratchSchema {
  name: string;
  /** A DATABASE_URL that sees these tables alone. */
  url: string;
  drop(): Promise<void>;
}

/** Makes a schema with all tables, empty. Rejects, leaving nothing, where the database does not permit it. */
export async function createScratchSchema(databaseUrl: string): Promise<ScratchSchema> {
  const name = `zcbot_doctor_${randomBytes(6).toString("hex")}`;
  const url = withSearchPath(databaseUrl, name);
  await withDatabase({ url: databaseUrl }, ({ pool }) => pool.query(`create schema ${name}`));
  const drop = () =>
    withDatabase({ url: databaseUrl }, async ({ pool }) => {
      await pool.query(`drop schema if exists ${name} cascade`);
    });
  try {
    await withDatabase({ url }, async (database) => {
      // Some poolers drop what a connection asks for at its start.
      const { rows } = await database.pool.query<{ schema: string }>("select current_schema() as schema");
      if (rows[0]?.schema !== name) throw new Error("connections do not keep their search_path");
      // The server's own migrator would take the tables of another schema for these.
      const provider = { getMigrations: async () => migrations };
      const migrator = new Migrator({ db: database.query, provider, migrationTableSchema: name });
      const { error } = await migrator.migrateToLatest();
      if (error) throw error;
    });
    return { name, url, drop };
  } catch (error) {
    await drop();
    throw error;
  }
}

/** What a URL says of options stands in place of the server's own, and so repeats it. */
function withSearchPath(databaseUrl: string, schema: string): string {
  const url = parseDatabaseUrl(databaseUrl);
  if (!url) throw new Error("DATABASE_URL is no URL");
  const given = url.searchParams.get("options") ?? "";
  const options = `${given} -c plan_cache_mode=force_generic_plan -c search_path=${schema}`.trim();
  url.searchParams.set("options", options);
  return url.href;
}
