import { maxMcpServers } from "../../../protocol/agent/mcp.ts";
import { ApiError } from "../../../protocol/error.ts";
import type { Database } from "../database.ts";

/** A user's own server as it is stored, secrets and all. */
export type StoredMcpServer = (
  | { command: string; args: string[]; env: Record<string, string> }
  | { url: string; headers: Record<string, string> }
) & { tools?: string[] };

/** What a server was found to be, by whichever process looked last. */
export interface McpStatusRow {
  error: string | null;
  at: string;
  tools: { name: string; description: string }[];
}

/** A user's own servers, and what is known of all that the user has, by name. */
export interface McpRows {
  servers: Record<string, StoredMcpServer>;
  statuses: Record<string, McpStatusRow>;
}

export async function readMcpServers(database: Database, userId: string): Promise<McpRows> {
  const { rows } = await database.pool.query<McpRows>(
    `select mcp_servers as servers,
      (select coalesce(json_object_agg(name, status), '{}') from mcp_status where user_id = users.user_id) as statuses
    from users where user_id = $1`,
    [userId],
  );
  return rows[0] ?? { servers: {}, statuses: {} };
}

/**
 * Stores what `change` makes of a user's server, which may not be there yet; what was known of it is forgotten. Throws
 * `too_many_mcp_servers`, and what `change` throws.
 */
export async function writeMcpServer(
  database: Database,
  userId: string,
  name: string,
  change: (before: StoredMcpServer | undefined) => StoredMcpServer,
): Promise<StoredMcpServer> {
  let after: StoredMcpServer | undefined;
  await changeServers(database, userId, name, (servers) => {
    after = change(servers[name]);
    const changed = { ...servers, [name]: after };
    if (Object.keys(changed).length > maxMcpServers) {
      throw new ApiError(
        "too_many_mcp_servers",
        `No more than ${maxMcpServers} servers of tools can be kept. Remove one first.`,
      );
    }
    return changed;
  });
  if (!after) throw mcpServerNotFound();
  return after;
}

/** Throws `mcp_server_not_found`. */
export async function deleteMcpServer(database: Database, userId: string, name: string): Promise<void> {
  await changeServers(database, userId, name, ({ [name]: before, ...others }) => {
    if (!before) throw mcpServerNotFound();
    return others;
  });
}

/** Notes what a server was found to be. A user who is gone is no fault. */
export async function writeMcpStatus(
  database: Database,
  userId: string,
  name: string,
  status: McpStatusRow,
): Promise<void> {
  await database.pool.query(
    `insert into mcp_status (user_id, name, status)
    select user_id, $2, $3 from users where user_id = $1
    on conflict (user_id, name) do update set status = excluded.status`,
    [userId, name, JSON.stringify(status)],
  );
}

export function mcpServerNotFound(): ApiError {
  return new ApiError("mcp_server_not_found", "You have no server of tools of that name.");
}

async function changeServers(
  database: Database,
  userId: string,
  name: string,
  change: (servers: Record<string, StoredMcpServer>) => Record<string, StoredMcpServer>,
): Promise<void> {
  await database.transaction(async (client) => {
    const { rows } = await client.query<{ servers: Record<string, StoredMcpServer> }>(
      "select mcp_servers as servers from users where user_id = $1 for no key update",
      [userId],
    );
    const changed = change(rows[0]?.servers ?? {});
    await client.query("update users set mcp_servers = $2 where user_id = $1", [
      userId,
      JSON.stringify(changed),
    ]);
    if (JSON.stringify(changed[name]) === JSON.stringify(rows[0]?.servers[name])) return;
    await client.query("delete from mcp_status where user_id = $1 and name = $2", [userId, name]);
  });
}
