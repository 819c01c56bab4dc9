import {
  Kysely,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
} from "kysely";
import pg from "pg";
import type { Logger } from "pino";
import { isDatabaseAway } from "./database-away.ts";
import { parseDatabaseUrl } from "./database-url.ts";
import type { Schema } from "./schema.ts";

declare module "pg" {
  interface QueryConfig {
    /** Milliseconds after which this query counts as lost; pg takes it, its types do not say so. */
    query_timeout?: number;
  }
}

/** Where a Postgres is: a URL, or the folder of a unix socket. */
export type DatabaseAddress =
  | { url: string }
  | { socketDirectory: string; port: number; user: string; database: string };

export interface DatabaseOptions {
  /** Connections at most. */
  poolSize: number;
  /** What the database's administrator sees in pg_stat_activity. */
  applicationName: string;
  logger: Logger;
  /** How long a query may take, milliseconds; 0: for ever. */
  queryTimeoutMs?: number;
}

/** One Postgres as the server sees it. The pool is for hot paths, Kysely (over the same pool) for the rest. */
export interface Database {
  /** Where it is, for messages: without a password. */
  readonly place: string;
  readonly pool: pg.Pool;
  readonly query: Kysely<Schema>;
  /** A connection outside the pool, not yet connected: for LISTEN. */
  createClient(applicationName: string): pg.Client;
  /** Runs statements that belong together: all of them are committed, or none where `work` rejects. */
  transaction<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result>;
  /** The same database without a limit on how long a query may take: for migrations. To be closed by the caller. */
  withoutTimeout(): Database;
  /** Ends all connections of the pool once their queries are done. */
  close(): Promise<void>;
}

/**
 * A connection that has silently died answers nothing: after this time a query on it counts as lost, milliseconds.
 * Statements that are often made and soon done set a shorter one of their own (`query_timeout`).
 */
const usualTimeout = 10_000;

/** How long a connection may take, a free one of the pool too, milliseconds. */
const connectionTimeout = 5_000;

/** Opens a database lazily: nothing is connected before the first query. */
export function openDatabase(address: DatabaseAddress, options: DatabaseOptions): Database {
  const connection = connectionConfig(address);
  const pool = new pg.Pool({
    ...connection,
    application_name: options.applicationName,
    max: options.poolSize,
    connectionTimeoutMillis: connectionTimeout,
    ...(options.queryTimeoutMs !== 0 && { query_timeout: options.queryTimeoutMs ?? usualTimeout }),
    idleTimeoutMillis: 60_000,
    // A transaction that nobody goes on with, of a server that was frozen, must not hold its locks for long.
    idle_in_transaction_session_timeout: 5_000,
  });
  // An idle connection that breaks leaves the pool; the next query opens another one.
  pool.on("error", (error) => {
    if (!pool.ending) options.logger.warn({ error }, "an idle database connection broke");
  });
  // One that breaks while a transaction has it tells the transaction's next query; told to nobody, it would end the
  // process.
  pool.on("connect", (client) => client.on("error", () => {}));
  const query = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: forKysely(pool) }) });
  return {
    place: placeOf(address),
    pool,
    query,
    createClient: (applicationName) =>
      new pg.Client({
        ...connection,
        application_name: applicationName,
        connectionTimeoutMillis: connectionTimeout,
      }),
    transaction: (work) => inTransaction(pool, work),
    withoutTimeout: () => openDatabase(address, { ...options, poolSize: 2, queryTimeoutMs: 0 }),
    async close() {
      // Kysely only ends a pool that it has used itself.
      await query.destroy();
      if (!pool.ending) await pool.end();
    },
  };
}

/** Kysely gives every connection back as sound; one that a query was lost on must not be given to anybody else. */
function forKysely(pool: pg.Pool): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect();
      let broken: Error | undefined;
      const query = async <Row>(text: string, values: readonly unknown[]) => {
        try {
          return (await client.query(text, [...values])) as unknown as PostgresQueryResult<Row>;
        } catch (error) {
          if (isDatabaseAway(error)) broken = error as Error;
          throw error;
        }
      };
      return { query: query as PostgresPoolClient["query"], release: () => client.release(broken) };
    },
  };
}

async function inTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query("begin");
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (error) {
    // A connection that has died cannot be rolled back: Postgres does so by itself.
    if (isDatabaseAway(error)) broken = error as Error;
    else {
      await client.query("rollback").catch((failure) => {
        broken = failure;
      });
    }
    throw error;
  } finally {
    client.release(broken);
  }
}

function connectionConfig(address: DatabaseAddress): pg.ClientConfig {
  const shared: pg.ClientConfig = {
    keepAlive: true,
    // Idle connections that have silently died are then found out within some 20 s.
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser },
    // Planning the log's statement for every call took 1.9 of its 2.3 ms; no plan here depends on a value.
    options: "-c plan_cache_mode=force_generic_plan",
  };
  if ("url" in address) return { ...shared, connectionString: address.url };
  const { socketDirectory, port, user, database } = address;
  return { ...shared, host: socketDirectory, port, user, database };
}

function placeOf(address: DatabaseAddress): string {
  if (!("url" in address)) return `${address.socketDirectory}/${address.database}`;
  const url = parseDatabaseUrl(address.url);
  if (!url) return "an address that is no URL";
  return `${url.searchParams.get("host") ?? (url.host || "localhost")}${url.pathname}`;
}

/** int8 as a number: counters and token sums stay far below 2^53. Timestamps come as Date by default. */
const getTypeParser: typeof pg.types.getTypeParser = (id: number, format?: "text" | "binary") => {
  if (id === pg.types.builtins.INT8 && format !== "binary") return Number;
  return pg.types.getTypeParser(id, format);
};
