import { connect as connectTcp } from "node:net";
import type { Logger } from "pino";
import type { McpClients, McpStatus } from "../../agent/mcp/mcp-clients.ts";
import type { McpServer } from "../../agent/mcp/mcp-server.ts";
import type { Tool } from "../../agent/tools/tool.ts";
import type { McpServer as ShownServer } from "../../protocol/agent/mcp.ts";
import type { Directory } from "../../workspace/directory.ts";
import { createHostResolver } from "../../workspace/network/resolve-host.ts";
import type { ReachPolicy } from "../../workspace/network/route.ts";
import { openDirectory } from "../../workspace/open-directory.ts";
import type { Sandbox } from "../../workspace/sandbox/sandbox.ts";
import type { McpServerSetting } from "../settings/mcp.ts";
import {
  type McpRows,
  type McpStatusRow,
  readMcpServers,
  type StoredMcpServer,
  writeMcpStatus,
} from "../store/agent/mcp-servers.ts";
import type { Database } from "../store/database.ts";

export interface McpParts {
  /** The operator's. */
  servers: Readonly<Record<string, McpServerSetting>>;
  database: Database;
  sandbox: Sandbox;
  logger: Logger;
  userRoot: (userId: string) => Promise<Directory>;
  reach?: Omit<ReachPolicy, "allow">;
}

/** What runs and people have of servers of tools. */
export interface Mcp {
  /**
   * The tools of the operator's servers and of these, in an order that stays, and a sentence on each server that cannot be
   * used. Costs nothing where there is no server. Rejects only with the signal's reason.
   */
  gather(
    own: Readonly<Record<string, StoredMcpServer>>,
    place: { userId: string; directory: Directory },
    signal: AbortSignal,
  ): Promise<{ tools: Tool[]; unavailable: string[] }>;
  isOperators(name: string): boolean;
  /** All servers of a user as they were found last. */
  list(userId: string): Promise<ShownServer[]>;
  /** Connects now. Undefined where the user has no server of that name. */
  check(userId: string, name: string, signal: AbortSignal): Promise<ShownServer | undefined>;
  /** Ends all sessions; done when nothing of them is left. */
  close(): Promise<void>;
}

/** What one process knows to have been stored, so that it is not stored again; of so many servers. */
const maxKnown = 10_000;
/** Of a tool's description where tools are listed for people, characters. */
const maxShownDescription = 300;
/** Where a program is tried out that works in no task's directory. */
const checkDirectory = ".zcbot/mcp";

export function createMcp(parts: McpParts): Mcp {
  const { database, logger, userRoot } = parts;
  const operators = Object.entries(parts.servers).map(([name, setting]) =>
    toServer(name, "operator", setting),
  );
  const known = new Map<string, string>();
  let loading: Promise<McpClients> | undefined;
  const load = (): Promise<McpClients> => {
    loading ??= import("../../agent/mcp/mcp-clients.ts").then(
      ({ McpClients }) => new McpClients({ sandbox: parts.sandbox, reach: parts.reach ?? usualReach() }),
    );
    return loading;
  };
  const note = async (userId: string, status: McpStatus): Promise<void> => {
    const { name } = status.server;
    const row = { error: status.error, tools: status.tools.map(showTool) };
    // With it, as what was known of another configuration was forgotten.
    const text = JSON.stringify([row, status.server]);
    const key = `${userId} ${name}`;
    if (known.get(key) === text) return;
    if (known.size >= maxKnown) known.clear();
    known.set(key, text);
    await writeMcpStatus(database, userId, name, { ...row, at: new Date().toISOString() }).catch((error) => {
      known.delete(key);
      logger.warn({ error, server: name }, "what a server of tools was found to be could not be stored");
    });
  };
  const serversOf = (own: Readonly<Record<string, StoredMcpServer>>): McpServer[] => {
    const users = Object.entries(own)
      .filter(([name]) => !operators.some((operator) => operator.name === name))
      .map(([name, stored]) => toServer(name, "user", stored));
    return [...operators, ...users].sort((one, other) => (one.name < other.name ? -1 : 1));
  };
  return {
    isOperators: (name) => operators.some((operator) => operator.name === name),
    async gather(own, place, signal) {
      const servers = serversOf(own);
      if (servers.length === 0) return { tools: [], unavailable: [] };
      const clients = await load();
      const { tools, statuses } = await clients.gather(servers, place, signal);
      for (const status of statuses) void note(place.userId, status);
      const unavailable = statuses.flatMap(({ server, error }) =>
        error === null ? [] : [`The tools of the server ${server.name} are not available: ${error}.`],
      );
      return { tools, unavailable };
    },
    async list(userId) {
      const rows = await readMcpServers(database, userId);
      return serversOf(rows.servers).map((server) => showServer(server, rows.statuses[server.name]));
    },
    async check(userId, name, signal) {
      const rows: McpRows = await readMcpServers(database, userId);
      const server = serversOf(rows.servers).find((each) => each.name === name);
      if (!server) return undefined;
      const [clients, root] = await Promise.all([load(), userRoot(userId)]);
      const place = { userId, directory: await root.subdirectory(checkDirectory) };
      await clients.forget(server, place);
      const status = await clients.look(server, place, signal);
      if (server.reach.kind === "stdio") await clients.forget(server, place);
      known.delete(`${userId} ${name}`);
      await note(userId, status);
      const { error, tools } = status;
      return showServer(server, { error, tools: tools.map(showTool), at: new Date().toISOString() });
    },
    async close() {
      const clients = await loading;
      await clients?.close();
    },
  };
}

/** Connects to the operator's servers once, programs working in this folder, and says what was found of each. */
export async function lookAtServers(
  servers: Readonly<Record<string, McpServerSetting>>,
  sandbox: Sandbox,
  folder: string,
  signal: AbortSignal,
): Promise<{ name: string; error: string | null; tools: number }[]> {
  const { McpClients } = await import("../../agent/mcp/mcp-clients.ts");
  const clients = new McpClients({ sandbox, reach: usualReach() });
  try {
    const place = { userId: "doctor", directory: await openDirectory(folder) };
    const all = Object.entries(servers).map(([name, setting]) => toServer(name, "operator", setting));
    const { statuses } = await clients.gather(all, place, signal);
    return statuses.map(({ server, error, tools }) => ({ name: server.name, error, tools: tools.length }));
  } finally {
    await clients.close();
  }
}

/** Only public addresses, looked up by DNS and judged at each connection. */
function usualReach(): Omit<ReachPolicy, "allow"> {
  return { resolve: createHostResolver(), connect: (options) => connectTcp(options) };
}

function toServer(
  name: string,
  source: McpServer["source"],
  setting: McpServerSetting | StoredMcpServer,
): McpServer {
  const approval = "approval" in setting ? setting.approval : undefined;
  const { tools } = setting;
  if ("command" in setting) {
    const { command, args, env } = setting;
    return { name, source, reach: { kind: "stdio", command, args, env }, approval, tools };
  }
  const { url, headers } = setting;
  return { name, source, reach: { kind: "http", url, headers }, approval, tools };
}

function showTool({
  name,
  description,
}: {
  name: string;
  description: string;
}): McpStatusRow["tools"][number] {
  const short = description.slice(0, maxShownDescription).toWellFormed();
  return { name, description: short };
}

/** Without secrets; of the operator's not even the address. */
function showServer(
  { name, source, reach, approval, tools }: McpServer,
  status: McpStatusRow | undefined,
): ShownServer {
  const isOwn = source === "user";
  return {
    name,
    source,
    kind: reach.kind,
    url: isOwn && reach.kind === "http" ? withoutQuery(reach.url) : null,
    command: isOwn && reach.kind === "stdio" ? reach.command : null,
    args: isOwn && reach.kind === "stdio" ? [...reach.args] : [],
    headers: isOwn && reach.kind === "http" ? Object.keys(reach.headers) : [],
    env: isOwn && reach.kind === "stdio" ? Object.keys(reach.env) : [],
    approval: approval ?? "auto",
    allowed_tools: tools ? [...tools] : null,
    state: status === undefined ? "unknown" : status.error === null ? "connected" : "failed",
    error: status?.error ?? null,
    checked_at: status?.at ?? null,
    tools: status?.tools ?? [],
  };
}

function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
