import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Config } from "../../../server/settings/config.ts";
import type { Database, DatabaseAddress } from "../../../server/store/database.ts";
import { awaitDatabase } from "../../../server/store/migrations/await-database.ts";
import { migrations } from "../../../server/store/migrations/migrations.ts";
import { superuser } from "../../../server/store/postgres/cluster.ts";
import { findInstallation } from "../../../server/store/postgres/installation.ts";
import { findPostmaster, socketPort } from "../../../server/store/postgres/postmaster.ts";
import { type Check, failed, ok, warning, wordsOf } from "../report.ts";
import { withDatabase } from "../with-database.ts";
import { checkServers } from "./check-servers.ts";

const name = "database";
const commits = 30;
const slowCommitMs = 50;
const noticeMs = 2_000;

/** Looks at the Postgres that serve would use. The built-in one is looked into only where it runs. */
export async function checkDatabase(config: Config, signal: AbortSignal): Promise<Check[]> {
  if (config.databaseUrl !== undefined) return await look({ url: config.databaseUrl }, config, signal);
  try {
    const { major } = await findInstallation();
    const running = await findPostmaster(join(config.dataDir, "postgres", "data"));
    if (!running) return [ok(name, `built-in Postgres ${major} is installed; it does not run now`)];
    const { socketDirectory } = running;
    const address = { socketDirectory, port: socketPort, user: superuser, database: "postgres" };
    return await look(address, config, signal);
  } catch (error) {
    return [failed(name, wordsOf(error))];
  }
}

async function look(address: DatabaseAddress, config: Config, signal: AbortSignal): Promise<Check[]> {
  try {
    return await withDatabase(address, async (database) => {
      await awaitDatabase(database, 0);
      signal.throwIfAborted();
      return [
        ...(await checkSettings(database)),
        ...(await checkTables(database)),
        await checkCommit(database),
        await checkNotices(database),
        await checkConnections(database, config),
        ...(await checkServers(database)),
      ];
    });
  } catch (error) {
    signal.throwIfAborted();
    return [failed(name, wordsOf(error))];
  }
}

async function checkSettings(database: Database): Promise<Check[]> {
  const { rows } = await database.pool.query<Record<string, string>>(
    `select current_setting('server_version') as version, current_setting('fsync') as fsync,
      current_setting('synchronous_commit') as synchronous_commit,
      current_setting('full_page_writes') as full_page_writes,
      extract(epoch from clock_timestamp()) * 1000 as clock`,
  );
  const { version = "", clock = "", ...settings } = rows[0] ?? {};
  const found = ok(name, `Postgres ${version.split(" ")[0]} at ${database.place}`);
  const off = Object.keys(settings).filter((key) => settings[key] === "off");
  const ahead = (Number(clock) - Date.now()) / 1000;
  return [
    off.length === 0
      ? found
      : failed(name, `${found.text}: ${off.join(", ")} off`, "Turn it on: acknowledged work could be lost."),
    ...(Math.abs(ahead) > 5
      ? [warning(name, `its clock differs by ${ahead.toFixed(1)} s`, "Let both machines keep time (NTP).")]
      : []),
  ];
}

async function checkTables(database: Database): Promise<Check[]> {
  const { rows } = await database.pool.query<{ found: boolean }>(
    "select to_regclass('kysely_migration') is not null as found",
  );
  const known = Object.keys(migrations);
  if (!rows[0]?.found) return [ok("tables", "none yet; the first start makes them")];
  const applied = await database.pool.query<{ name: string }>("select name from kysely_migration");
  const names = applied.rows.map((row) => row.name);
  const newer = names.filter((each) => !known.includes(each));
  const missing = known.filter((each) => !names.includes(each));
  if (newer.length > 0) {
    const text = `made by a newer zcbot (${newer.join(", ")})`;
    return [failed("tables", text, "Use that version, or another database.")];
  }
  if (missing.length > 0) return [warning("tables", `the next start applies ${missing.join(", ")}`)];
  return [ok("tables", `up to date (${known.at(-1)})`)];
}

/** A message in the write-ahead log needs no table, and its commit waits for the disk like any other. */
async function checkCommit({ pool }: Database): Promise<Check> {
  const times: number[] = [];
  for (let round = 0; round < commits; round++) {
    const began = performance.now();
    await pool.query("select pg_logical_emit_message(true, 'zcbot', 'doctor')");
    times.push(performance.now() - began);
  }
  times.sort((one, other) => one - other);
  const median = times[commits / 2] ?? 0;
  const text = `${median.toFixed(1)} ms (median of ${commits}, slowest ${(times.at(-1) ?? 0).toFixed(1)} ms)`;
  if (median < slowCommitMs) return ok("commit", text);
  return warning(
    "commit",
    text,
    "Every answer waits for commits: give the database a faster disk or network.",
  );
}

/** Servers wake each other by NOTIFY, which poolers that change connections between statements swallow. */
async function checkNotices(database: Database): Promise<Check> {
  const channel = `zcbot_doctor_${randomUUID().replaceAll("-", "")}`;
  const client = database.createClient("zcbot doctor");
  client.on("error", () => {});
  try {
    await client.connect();
    const heard = new Promise<true>((resolve) => client.on("notification", () => resolve(true)));
    await client.query(`listen ${channel}`);
    const began = performance.now();
    await database.pool.query("select pg_notify($1, '')", [channel]);
    const timeout = new AbortController();
    const silent = delay(noticeMs, false, { signal: timeout.signal }).catch(() => false);
    const arrived = await Promise.race([heard, silent]);
    timeout.abort();
    if (arrived)
      return ok("notices", `reach other connections in ${(performance.now() - began).toFixed(1)} ms`);
    const advice = "DATABASE_URL must lead to Postgres itself, or a pooler in session mode.";
    return failed("notices", "LISTEN hears nothing: servers could not wake each other", advice);
  } finally {
    await client.end().catch(() => {});
  }
}

async function checkConnections({ pool }: Database, { databaseConnections }: Config): Promise<Check> {
  const { rows } = await pool.query<{ used: number; most: number }>(
    `select count(*)::int as used, current_setting('max_connections')::int as most
     from pg_stat_activity where backend_type = 'client backend'`,
  );
  const { used = 0, most = 0 } = rows[0] ?? {};
  const own = databaseConnections + 1;
  const text = `${used} of ${most} in use; each server takes up to ${own}`;
  // This check has one itself.
  if (used - 1 + own <= most) return ok("connections", text);
  return warning("connections", text, "Raise max_connections, or lower ZCBOT_DATABASE_CONNECTIONS.");
}
