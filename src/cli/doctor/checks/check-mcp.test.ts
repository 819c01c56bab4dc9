import { afterAll, beforeAll, expect, test } from "vitest";
import { type McpHttpServer, startMcpServer } from "../../../../test/support/mcp/http-server.ts";
import { loadConfig } from "../../../server/settings/config.ts";
import { checkMcp } from "./check-mcp.ts";

let tools: McpHttpServer;
beforeAll(async () => {
  tools = await startMcpServer({ 查询: () => ({ content: [] }) });
});
afterAll(() => tools.close());

test("each of the operator's servers of tools is connected to, and what is wrong with it said without its secrets", async () => {
  const headers = { Authorization: "Bearer geheim-geheim" };
  const config = loadConfig({
    flags: {
      mcpServers: { data: { url: tools.url, headers }, gone: { url: "http://127.0.0.1:9/mcp", headers } },
    },
    environment: { ZCBOT_SANDBOX: "external" },
    cwd: "/",
  });
  expect(await checkMcp(config, new AbortController().signal)).toEqual([
    { name: "tools (MCP)", state: "ok", text: "data: 1 tools" },
    {
      name: "tools (MCP)",
      state: "warning",
      text: "gone: nothing listens at its address",
      advice: "Runs go on without its tools. Look at mcpServers in zcbot.jsonc.",
    },
  ]);
  expect(JSON.stringify(config)).not.toContain("geheim");
});

test("without servers nothing is looked at", async () => {
  const config = loadConfig({ environment: { ZCBOT_SANDBOX: "external" }, cwd: "/" });
  expect(await checkMcp(config, new AbortController().signal)).toEqual([]);
});
