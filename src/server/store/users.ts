import type { Database } from "./database.ts";

/** What decides whether a user's tokens count. */
export interface UserAccess {
  suspended: boolean;
  /** Tokens of an earlier generation are dead. */
  tokenGeneration: number;
}

/** Makes the user if there is none yet, and gives what is known of it. */
export async function ensureUser(database: Database, userId: string): Promise<UserAccess> {
  await database.query
    .insertInto("users")
    .values({ user_id: userId })
    .onConflict((conflict) => conflict.column("user_id").doNothing())
    .execute();
  return (await readAccess(database, userId)) ?? { suspended: false, tokenGeneration: 0 };
}

/** null where there is no such user. */
export async function readAccess(database: Database, userId: string): Promise<UserAccess | null> {
  const { rows } = await database.pool.query<UserAccess>({
    name: "read-access",
    text: `select suspended_at is not null as suspended, token_generation as "tokenGeneration"
      from users where user_id = $1`,
    values: [userId],
  });
  return rows[0] ?? null;
}

/**
 * Suspends a user, also one that does not exist yet, and ends all tokens there are. Every server is told in the same
 * transaction.
 */
export async function suspendUser(database: Database, userId: string): Promise<void> {
  await database.pool.query(
    `with suspended as (
       insert into users (user_id, suspended_at, token_generation) values ($1, now(), 1)
       on conflict (user_id) do update set suspended_at = coalesce(users.suspended_at, now()),
         token_generation = users.token_generation + 1
       returning user_id)
     select pg_notify('zcbot', 'user:' || user_id) from suspended`,
    [userId],
  );
}

/** Lets a user sign in again; tokens from before stay dead. */
export async function liftSuspension(database: Database, userId: string): Promise<void> {
  await database.pool.query("update users set suspended_at = null where user_id = $1", [userId]);
}

/** Those of the users that are suspended. */
export async function findSuspended(database: Database, userIds: string[]): Promise<string[]> {
  const { rows } = await database.pool.query<{ user_id: string }>(
    "select user_id from users where user_id = any($1) and suspended_at is not null",
    [userIds],
  );
  return rows.map((row) => row.user_id);
}

/** Whether the user wants memory to be read and written. */
export async function readMemorySwitch(database: Database, userId: string): Promise<boolean> {
  const { rows } = await database.pool.query<{ memory: boolean }>(
    "select memory from users where user_id = $1",
    [userId],
  );
  return rows[0]?.memory ?? true;
}

/** Runs that are at work go on as they began. */
export async function writeMemorySwitch(database: Database, userId: string, on: boolean): Promise<void> {
  await database.pool.query("update users set memory = $2 where user_id = $1", [userId, on]);
}
