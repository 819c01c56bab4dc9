import type { Database } from "./database.ts";

/** How long a server counts as alive after its last sign of life, seconds. */
export const leaseSeconds = 15;

/** Registers this server, or renews its lease, and says how many servers live. By the database's clock. */
export async function renewServer(database: Database, serverId: string): Promise<number> {
  const { rows } = await database.pool.query<{ alive: number }>({
    name: "renew-server",
    text: `with renewed as (
        insert into servers (server_id, expires_at) values ($1, now() + make_interval(secs => $2))
        on conflict (server_id) do update set expires_at = excluded.expires_at)
      select count(*)::int as alive from servers where expires_at > now() and server_id <> $1`,
    values: [serverId, leaseSeconds],
  });
  return (rows[0]?.alive ?? 0) + 1;
}

/** A server that leaves gives up its lease, so that others take over at once. */
export async function removeServer(database: Database, serverId: string): Promise<void> {
  await database.query.deleteFrom("servers").where("server_id", "=", serverId).execute();
}

/** For the one server of a data folder: whoever was registered before is gone. */
export async function removeOtherServers(database: Database, serverId: string): Promise<void> {
  await database.query.deleteFrom("servers").where("server_id", "!=", serverId).execute();
}
