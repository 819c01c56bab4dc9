import type { McpServerSettings } from "../../../../protocol/agent/mcp.ts";
import { ApiError } from "../../../../protocol/error.ts";
import type { Mcp } from "../../../runs/mcp.ts";
import {
  deleteMcpServer,
  mcpServerNotFound,
  type StoredMcpServer,
  writeMcpServer,
} from "../../../store/agent/mcp-servers.ts";
import type { Database } from "../../../store/database.ts";
import type { Handlers } from "../../handler.ts";

type McpHandlers = Pick<Handlers, "listMcpServers" | "putMcpServer" | "deleteMcpServer" | "checkMcpServer">;

/** The servers of tools that a person has, and sets. */
export function createMcpHandlers({ database, mcp }: { database: Database; mcp: Mcp }): McpHandlers {
  return {
    async listMcpServers(_input, { user }) {
      return { servers: await mcp.list(user.userId) };
    },
    async putMcpServer({ params: { name }, body }, { user }) {
      if (mcp.isOperators(name)) {
        throw new ApiError(
          "mcp_name_taken",
          "The operator has a server of tools of that name. Choose another.",
        );
      }
      await writeMcpServer(database, user.userId, name, (before) => toStored(body, before));
      const shown = (await mcp.list(user.userId)).find((server) => server.name === name);
      if (!shown) throw mcpServerNotFound();
      return shown;
    },
    async deleteMcpServer({ params: { name } }, { user }) {
      await deleteMcpServer(database, user.userId, name);
      return undefined;
    },
    async checkMcpServer({ params: { name } }, { user, request }) {
      const shown = await mcp.check(user.userId, name, request.signal);
      if (!shown) throw mcpServerNotFound();
      return shown;
    },
  };
}

function toStored(body: McpServerSettings, before: StoredMcpServer | undefined): StoredMcpServer {
  const tools = body.tools && { tools: body.tools };
  if (body.command !== undefined) {
    const stored = before && "env" in before ? before.env : {};
    return { command: body.command, args: body.args ?? [], env: merge(body.env, stored), ...tools };
  }
  const url = body.url ?? "";
  // What was given for one host is not handed to another.
  const isSameHost = before && "url" in before && new URL(before.url).origin === new URL(url).origin;
  const stored = isSameHost && "headers" in before ? before.headers : {};
  return { url, headers: merge(body.headers, stored), ...tools };
}

/** Null stands for the value that is stored. Throws `invalid_mcp_server` where there is none. */
function merge(
  given: Record<string, string | null> | undefined,
  stored: Record<string, string>,
): Record<string, string> {
  const entries = Object.entries(given ?? {}).map(([key, value]) => {
    const kept = value ?? stored[key];
    if (kept === undefined) {
      throw new ApiError("invalid_mcp_server", `No value is stored for ${key.slice(0, 100)}. Give it again.`);
    }
    return [key, kept];
  });
  return Object.fromEntries(entries);
}
