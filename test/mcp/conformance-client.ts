import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { McpClients } from "../../src/agent/mcp/mcp-clients.ts";
import { openDirectory } from "../../src/workspace/open-directory.ts";
import { findLauncher, plainSandbox } from "../../src/workspace/sandbox/plain.ts";
import { toolContext } from "../support/tool-context.ts";

// What the conformance suite starts for each scenario, with the address of its server: connects as a run does, calls every
// tool that is offered once, and ends the session.

const url = process.argv.at(-1) ?? "";
const folder = await mkdtemp(join(tmpdir(), "zcbot-conformance-"));
const directory = await openDirectory(folder);
const sandbox = plainSandbox(await findLauncher(), "off", []);
const clients = new McpClients({
  sandbox,
  reach: {
    resolve: async () => [],
    connect() {
      throw new Error("no user's server is reached");
    },
  },
});
const { signal } = new AbortController();
const server = {
  name: "conformance",
  source: "operator" as const,
  reach: { kind: "http" as const, url, headers: {} },
  approval: undefined,
  tools: undefined,
};
const { tools, statuses } = await clients.gather([server], { userId: "user", directory }, signal);
for (const { error } of statuses) if (error !== null) throw new Error(error);
for (const tool of tools) {
  const { properties } = tool.definition.parameters as { properties?: Record<string, { type?: string }> };
  const numbers = Object.entries(properties ?? {}).filter(([, { type }]) => type === "number");
  const input = Object.fromEntries(numbers.map(([key], index) => [key, index + 2]));
  const outcome = await tool.execute(input, toolContext(directory, sandbox));
  console.log(tool.definition.name, outcome.content);
  if (outcome.isError) process.exitCode = 1;
}
await clients.close();
await rm(folder, { recursive: true });
