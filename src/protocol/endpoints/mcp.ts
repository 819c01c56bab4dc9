import { McpServer, McpServerList, McpServerParams, McpServerSettings } from "../agent/mcp.ts";
import type { Endpoint } from "./endpoint.ts";

const server = { tag: "agent", path: "/v1/mcp/{name}", params: McpServerParams } as const;

export const mcpEndpoints = {
  listMcpServers: {
    method: "GET",
    path: "/v1/mcp",
    tag: "agent",
    summary: "List servers of tools (MCP) with their tools, as they were found last",
    status: 200,
    response: McpServerList,
  },
  putMcpServer: {
    ...server,
    method: "PUT",
    summary: "Set a server of tools of your own",
    body: McpServerSettings,
    status: 200,
    response: McpServer,
    errors: ["invalid_mcp_server", "mcp_name_taken", "too_many_mcp_servers"],
  },
  deleteMcpServer: {
    ...server,
    method: "DELETE",
    summary: "Remove a server of tools of your own",
    status: 204,
    errors: ["invalid_mcp_server", "mcp_server_not_found"],
  },
  checkMcpServer: {
    ...server,
    method: "POST",
    path: "/v1/mcp/{name}/check",
    summary: "Connect to a server of tools now, and say what it offers",
    expensive: true,
    status: 200,
    response: McpServer,
    errors: ["invalid_mcp_server", "mcp_server_not_found"],
  },
} as const satisfies Record<string, Endpoint>;
