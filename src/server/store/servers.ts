import type { Database } from "./database.ts";

/** How long a server counts as alive after its last sign of life, seconds. */
export const leaseSeconds = 10;
/** Between two signs of life, milliseconds: three may fail before the lease is over. */
export const heartbeatMs = 2_500;

/** What a server says of itself, for its neighbours on the same machine: together they name one process for ever. */
export interface ServerIdentity {
  serverId: string;
  role: string;
  realm: string;
  pid: number;
  processStart: string | null;
}

/** A server as another one sees it. */
export interface Peer extends Omit<ServerIdentity, "realm"> {
  realm: string | null;
  /** Grows with every sign of life. */
  beat: number;
  /** By the database's clock its lease is over. */
  expired: boolean;
}

/**
 * Registers this server, or renews its lease, by the database's clock. Gives all others that are registered, and
 * whether this one was not (any more).
 */
export async function renewServer(
  database: Database,
  identity: ServerIdentity,
): Promise<{ peers: Peer[]; isNew: boolean }> {
  const { rows } = await database.pool.query<Peer & { ownBeat: number }>({
    name: "renew-server",
    text: `with renewed as (
        insert into servers (server_id, role, realm, pid, process_start, expires_at)
        values ($1, $3, $4, $5, $6, now() + make_interval(secs => $2))
        on conflict (server_id) do update set expires_at = excluded.expires_at, beat = servers.beat + 1
        returning server_id as own_id, beat as own_beat)
      select own_beat as "ownBeat", server_id as "serverId", role, realm, pid, process_start as "processStart", beat,
        expires_at < now() as expired
      from renewed left join servers on server_id <> own_id`,
    values: [
      identity.serverId,
      leaseSeconds,
      identity.role,
      identity.realm,
      identity.pid,
      identity.processStart,
    ],
    query_timeout: heartbeatMs + 1_000,
  });
  const isNew = rows[0]?.ownBeat === 0;
  return { peers: rows.filter(({ serverId }) => serverId !== null), isNew };
}

/**
 * Strikes dead servers off, so that their runs may be taken over; one that has given a sign of life meanwhile stays.
 */
export async function removeDeadServers(database: Database, dead: Peer[]): Promise<void> {
  if (dead.length === 0) return;
  await database.pool.query(
    `delete from servers using unnest($1::uuid[], $2::bigint[]) as dead (server_id, beat)
     where servers.server_id = dead.server_id and servers.beat = dead.beat`,
    [dead.map(({ serverId }) => serverId), dead.map(({ beat }) => beat)],
  );
}

/** A server that leaves gives up its lease, so that others take over at once. */
export async function removeServer(database: Database, serverId: string): Promise<void> {
  await database.query.deleteFrom("servers").where("server_id", "=", serverId).execute();
}

/** For the one server of a data folder: whoever was registered before is gone. */
export async function removeOtherServers(database: Database, serverId: string): Promise<void> {
  await database.query.deleteFrom("servers").where("server_id", "!=", serverId).execute();
}
