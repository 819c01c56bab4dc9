import { z } from "zod";
import { rule, timestamp } from "../text.ts";

/** Of a server: it becomes a part of its tools' names. Two signs in a row would part it there. */
export const mcpServerName = /^[a-zA-Z0-9]+(?:[_-][a-zA-Z0-9]+)*$/;
export const maxMcpServerName = 32;
export const maxMcpServers = 20;

/** What can stand in a process's environment, and in a header. */
const variableName = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
const value = z
  .string()
  .max(8_192)
  .regex(/^[^\0\r\n]*$/);
const argument = z
  .string()
  .max(4_096)
  .regex(/^[^\0]*$/);

/** The command of a program, and the names of its tools that are offered. */
export const mcpCommand = argument.min(1);
export const mcpArguments = z.array(argument).max(100);
export const mcpTools = z.array(z.string().min(1).max(200)).max(200);
export const mcpVariables = z.record(z.string().regex(variableName), value);
export const mcpHeaders = z.record(z.string().regex(headerName), value);

/** An address that can be spoken to: http or https, without a name or password in it. */
export function isMcpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === "https:" || protocol === "http:") && username === "" && password === "";
}

/** A user's own server as they set it: a program, or an address. Null keeps the value that is stored under that name. */
export const McpServerSettings = rule(
  z.object({
    command: mcpCommand.optional().describe("a program, started in the sandbox where the task works"),
    args: mcpArguments.optional(),
    env: z
      .record(z.string().regex(variableName), value.nullable())
      .optional()
      .describe("the program's environment; never given back. null keeps the value that is stored"),
    url: z.string().max(2_048).optional().describe("a server of streamable HTTP"),
    headers: z
      .record(z.string().regex(headerName), value.nullable())
      .optional()
      .describe("sent with every request; never given back. null keeps the value that is stored"),
    tools: mcpTools.optional().describe("the tools to offer, by the server's names; default: all"),
  }),
  ({ command, args, env, url, headers }) =>
    command === undefined
      ? url !== undefined && isMcpUrl(url) && args === undefined && env === undefined
      : url === undefined && headers === undefined,
  "invalid_mcp_server",
  "Give either a command with args and env, or an http or https url (without user and password) with headers.",
);
export type McpServerSettings = z.infer<typeof McpServerSettings>;

export const McpServerParams = z.object({
  name: rule(
    z.string(),
    (name) => mcpServerName.test(name) && name.length <= maxMcpServerName,
    "invalid_mcp_server",
    "Name the server with 1 to 32 letters and digits, parted by single hyphens or underscores.",
  ),
});

export const McpServer = z
  .object({
    name: z.string(),
    source: z.enum(["operator", "user"]),
    kind: z.enum(["stdio", "http"]),
    url: z.string().nullable().describe("without its query; null for the operator's and for programs"),
    command: z.string().nullable(),
    args: z.array(z.string()),
    headers: z.array(z.string()).describe("names alone"),
    env: z.array(z.string()).describe("names alone"),
    approval: z.enum(["allow", "ask", "auto"]).describe("auto: calls that leave the sandbox are asked about"),
    allowed_tools: z.array(z.string()).nullable().describe("null: all"),
    state: z.enum(["unknown", "connected", "failed"]).describe("as it was found last"),
    error: z.string().nullable(),
    checked_at: timestamp.nullable(),
    tools: z.array(z.object({ name: z.string(), description: z.string() })),
  })
  .meta({ id: "McpServer" });
export type McpServer = z.infer<typeof McpServer>;

export const McpServerList = z.object({ servers: z.array(McpServer) }).meta({ id: "McpServerList" });
export type McpServerList = z.infer<typeof McpServerList>;
