import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { McpServer } from "../../src/agent/mcp/mcp-server.ts";
import type { Tool, ToolOutcome } from "../../src/agent/tools/tool.ts";
import { toolContext } from "../support/tool-context.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";

const entry = (name: string) => `node_modules/@modelcontextprotocol/server-${name}/dist/index.js`;

/** One call of a server's tool, and what has to stand in its result. */
interface Call {
  tool: string;
  input: Record<string, unknown>;
  contains: string;
  isError?: boolean;
}

/** Calls the protocol's reference servers, as programs in the sandbox and over HTTP; gives what was tried, with its faults. */
export async function tryRealServers(): Promise<{ name: string; fault?: string }[]> {
  await using bench = await openWorkbench();
  const { sandbox, directory, program } = bench;
  const seen = sandbox.pathInside(directory.hostPath);
  const found = [
    await trial(bench, program("everything", entry("everything"), [], { GEHEIM: "sehr-geheim" }), everything),
    await trial(bench, program("filesystem", entry("filesystem"), [seen]), [
      {
        tool: "write_file",
        input: { path: `${seen}/文件.txt`, content: "内容" },
        contains: "Successfully wrote",
      },
      { tool: "read_text_file", input: { path: `${seen}/文件.txt` }, contains: "内容" },
      { tool: "read_text_file", input: { path: "/etc/passwd" }, contains: "Access denied", isError: true },
    ]),
    await trial(bench, program("memory", entry("memory"), [], { MEMORY_FILE_PATH: `${seen}/记忆.jsonl` }), [
      {
        tool: "create_entities",
        input: { entities: [{ name: "张三", entityType: "人", observations: ["喜欢茶"] }] },
        contains: "张三",
      },
      { tool: "search_nodes", input: { query: "张三" }, contains: "喜欢茶" },
    ]),
    await overHttp(bench),
  ];
  const written = await readFile(join(directory.hostPath, "文件.txt"), "utf8").catch(() => "");
  found.push({ name: "filesystem: in the task's directory", ...(written !== "内容" && { fault: written }) });
  return found;
}

const everything: Call[] = [
  { tool: "echo", input: { message: "你好" }, contains: "你好" },
  { tool: "get-sum", input: { a: 2, b: 3 }, contains: "5" },
  { tool: "get-tiny-image", input: {}, contains: "picture 1, image/png" },
  { tool: "get-structured-content", input: { location: "New York" }, contains: "temperature" },
  { tool: "get-resource-links", input: { count: 2 }, contains: "demo://resource" },
  {
    tool: "get-resource-reference",
    input: { resourceType: "Text", resourceId: 1 },
    contains: "demo://resource",
  },
  { tool: "trigger-long-running-operation", input: { duration: 1, steps: 4 }, contains: "completed" },
];

async function trial(
  bench: Workbench,
  server: McpServer,
  calls: Call[],
): Promise<{ name: string; fault?: string }> {
  const { clients, directory, sandbox } = bench;
  const name = `${server.name}: ${server.reach.kind}, ${calls.length} calls`;
  const signal = AbortSignal.timeout(120_000);
  const { tools, statuses } = await clients.gather([server], { userId: "user", directory }, signal);
  const error = statuses[0]?.error;
  if (error) return { name, fault: error };
  for (const { tool: called, input, contains, isError = false } of calls) {
    const tool = tools.find(({ definition }) => definition.name === `mcp__${server.name}__${called}`);
    if (!tool) return { name, fault: `there is no tool ${called}` };
    const outcome = await execute(tool, input, () => toolContext(directory, sandbox, { signal }));
    if (outcome.isError !== isError || !outcome.content.includes(contains)) {
      return { name, fault: `${called}: ${outcome.content}` };
    }
  }
  return { name };
}

function execute(
  tool: Tool,
  input: unknown,
  context: () => ReturnType<typeof toolContext>,
): Promise<ToolOutcome> {
  return tool.execute(tool.parameters.parse(input), context());
}

async function overHttp(bench: Workbench): Promise<{ name: string; fault?: string }> {
  const port = await freePort();
  const path = join(import.meta.dirname, "../..", entry("everything"));
  const child = spawn(process.execPath, [path, "streamableHttp"], {
    env: { PATH: process.env.PATH, PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const gone = once(child, "exit");
  try {
    await Promise.race([saysListening(child.stderr), saysListening(child.stdout), gone]);
    const reach = { kind: "http" as const, url: `http://127.0.0.1:${port}/mcp`, headers: {} };
    return await trial(
      bench,
      { name: "everything-http", source: "operator", reach, approval: undefined, tools: undefined },
      everything,
    );
  } finally {
    child.kill();
    await gone;
  }
}

async function saysListening(output: Readable): Promise<void> {
  let said = "";
  for await (const chunk of output.iterator({ destroyOnReturn: false })) {
    said += chunk;
    if (/listening/i.test(said)) break;
  }
  // What follows is not read any more, and must not hold the server up.
  output.resume();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
