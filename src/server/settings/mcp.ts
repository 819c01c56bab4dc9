import { z } from "zod";
import {
  isMcpUrl,
  maxMcpServerName,
  mcpArguments,
  mcpCommand,
  mcpHeaders,
  mcpServerName,
  mcpTools,
  mcpVariables,
} from "../../protocol/agent/mcp.ts";

const name = z
  .string()
  .max(maxMcpServerName)
  .regex(mcpServerName, "must be letters and digits, parted by single hyphens or underscores");

const common = {
  approval: z.enum(["allow", "ask"], "must be allow or ask").optional(),
  tools: mcpTools.optional(),
};

/** A server of tools (MCP) that the operator gives everybody. */
export const McpServerSetting = z.union(
  [
    z.strictObject({
      command: mcpCommand,
      args: mcpArguments.default([]),
      env: mcpVariables.default({}),
      ...common,
    }),
    z.strictObject({
      url: z.string().refine((url) => isMcpUrl(url)),
      headers: mcpHeaders.default({}),
      ...common,
    }),
  ],
  "must have either a command (with args and env) or an http or https url (with headers), and beside it only approval and tools",
);
export type McpServerSetting = z.output<typeof McpServerSetting>;

export const McpServerSettings = z.record(name, McpServerSetting);

/**
 * The servers with `${VARIABLE}` in headers and variables replaced by the environment's values; what is missing is added to
 * the problems, by name alone.
 */
export function fillInSecrets(
  servers: Record<string, McpServerSetting>,
  environment: Record<string, string | undefined>,
  problems: string[],
): Record<string, McpServerSetting> {
  const fill = (values: Record<string, string>, server: string): Record<string, string> => {
    const filled = Object.entries(values).map(([key, value]) => {
      const text = value.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, variable: string) => {
        const found = environment[variable];
        if (found) return found;
        problems.push(`mcpServers: "${server}" needs the variable ${variable}, which is not set.`);
        return "";
      });
      return [key, text];
    });
    return Object.fromEntries(filled);
  };
  return Object.fromEntries(
    Object.entries(servers).map(([server, setting]) => [
      server,
      "command" in setting
        ? { ...setting, env: fill(setting.env, server) }
        : { ...setting, headers: fill(setting.headers, server) },
    ]),
  );
}
