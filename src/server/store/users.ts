import type { Database } from "./database.ts";

/** Makes the user if there is none yet. */
export async function ensureUser(database: Database, userId: string): Promise<void> {
  await database.query
    .insertInto("users")
    .values({ user_id: userId })
    .onConflict((conflict) => conflict.column("user_id").doNothing())
    .execute();
}

export async function userExists(database: Database, userId: string): Promise<boolean> {
  const row = await database.query
    .selectFrom("users")
    .select("user_id")
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return row !== undefined;
}
