import { setTimeout as delay } from "node:timers/promises";
import { StartError } from "../../start-error.ts";
import type { Database } from "../database.ts";

/** Of a database that is not up yet: it may come, as when everything is started together. */
const passing = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  // cannot_connect_now and too_many_connections
  "57P03",
  "53300",
]);
const oldestVersion = 15;

/**
 * Waits until the database answers, `patienceMs` at most while it may still be starting. Throws
 * StartError where it does not, refuses, or is too old; the message names the place, never the password.
 */
export async function awaitDatabase(database: Database, patienceMs = 30_000): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (let pause = 50; ; pause = Math.min(pause * 1.5, 1_000)) {
    try {
      const { rows } = await database.pool.query(
        "select current_setting('server_version_num')::int as version",
      );
      const major = Math.floor(rows[0].version / 10_000);
      if (major >= oldestVersion) return;
      throw new StartError([
        `The database at ${database.place} is Postgres ${major}; zcbot needs ${oldestVersion} or newer.`,
      ]);
    } catch (error) {
      if (error instanceof StartError) throw error;
      if (!passing.has(codeOf(error) ?? "") || Date.now() > deadline) throw unreachable(database, error);
      await delay(pause);
    }
  }
}

function unreachable(database: Database, error: unknown): StartError {
  // A host with several addresses gives one error for each.
  const [first = error] = error instanceof AggregateError ? error.errors : [error];
  const words = first instanceof Error ? first.message : String(first);
  return new StartError(
    [`The database at ${database.place} cannot be used: ${words}. Look at DATABASE_URL.`],
    1,
    error,
  );
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}
