import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { McpServer } from "../../src/agent/mcp/mcp-server.ts";
import { startMcpServer } from "../support/mcp/http-server.ts";
import { toolContext } from "../support/tool-context.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";

const path = "test/support/mcp/program.ts";
const rounds = 500;

/** What a call of a tool that does nothing takes here and by the SDK alone, by turns in one run; a line each. */
export async function compareCalls(): Promise<string> {
  // The sandbox gives its commands a smaller share of a busy processor, which would be measured here.
  await using bench = await openWorkbench(false);
  const { directory, program } = bench;
  // In a session of its own, as ours is: the system schedules by sessions.
  const args = ["--wait", process.execPath, join(import.meta.dirname, "../..", path)];
  const stdio = new StdioClientTransport({ command: "setsid", args, cwd: directory.hostPath });
  const http = await startMcpServer({ echo: () => ({ content: [{ type: "text", text: "回声" }] }) });
  const reach = { kind: "http" as const, url: http.url, headers: {} };
  const remote = {
    name: "remote",
    source: "operator" as const,
    reach,
    approval: undefined,
    tools: undefined,
  };
  try {
    return [
      await compare("stdio", bench, program("plain", path), stdio),
      await compare("http", bench, remote, new StreamableHTTPClientTransport(new URL(http.url))),
    ].join("\n");
  } finally {
    await bench.clients.close();
    await http.close();
  }
}

async function compare(
  name: string,
  bench: Workbench,
  server: McpServer,
  transport: Transport,
): Promise<string> {
  const { clients, directory, sandbox } = bench;
  const signal = AbortSignal.timeout(120_000);
  const { tools } = await clients.gather([server], { userId: "user", directory }, signal);
  const tool = tools.find(({ definition }) => definition.name.endsWith("__echo"));
  const direct = new Client({ name: "direct", version: "1" });
  await direct.connect(transport);
  const context = toolContext(directory, sandbox, { signal });
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    theirs.push(await timed(() => direct.callTool({ name: "echo", arguments: { text: "你好" } })));
    ours.push(await timed(() => tool?.execute({ text: "你好" }, context)));
  }
  await direct.close();
  const show = (share: number): string => {
    const [own, other] = [quantile(ours, share), quantile(theirs, share)];
    return `${own.toFixed(2)} ms here, ${other.toFixed(2)} ms by the SDK alone (${(own / other).toFixed(2)}x)`;
  };
  return `figures  ${rounds} calls over ${name}: p50 ${show(0.5)}; p10 ${show(0.1)}`;
}

async function timed(work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function quantile(values: number[], share: number): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length * share)] ?? Number.NaN;
}
