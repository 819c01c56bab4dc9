import { mkdtemp, realpath, rm } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type McpHttpServer, startMcpServer } from "../../../test/support/mcp/http-server.ts";
import { workplace } from "../../../test/support/scripted-agent.ts";
import { toolContext } from "../../../test/support/tool-context.ts";
import type { Directory } from "../../workspace/directory.ts";
import type { ReachPolicy } from "../../workspace/network/route.ts";
import { openDirectory } from "../../workspace/open-directory.ts";
import type { Tool, ToolContext, ToolOutcome } from "../tools/tool.ts";
import { McpClients, type McpStatus } from "./mcp-clients.ts";
import type { McpServer } from "./mcp-server.ts";

const { sandbox } = workplace;
const never = new AbortController().signal;
const secret = "Bearer 密钥-of-the-operator".replace("密钥", "key");

/** Patience of whoever looks again and again, on a busy machine. */
const slow = { timeout: 20_000, interval: 20 };

let directory: Directory;
let server: McpHttpServer;
let clients: McpClients;
let reach: Omit<ReachPolicy, "allow">;
/** Which names and addresses were asked for. */
let asked: string[];
/** What names lead to. */
let addresses: string[];

beforeEach(async () => {
  directory = await openDirectory(await realpath(await mkdtemp(join(tmpdir(), "zcbot-网络-"))));
  asked = [];
  addresses = ["93.184.215.14"];
  server = await startMcpServer({
    echo: ({ params }) => ({ content: [{ type: "text", text: `回声：${params?.arguments?.text}` }] }),
    slow: () => undefined,
    leak: ({ headers }) => ({ content: [{ type: "text", text: `you sent ${headers.authorization}` }] }),
    huge: (_request, answer) => {
      answer.writeHead(200, { "Content-Type": "application/json" });
      const flood = (): boolean => answer.write(" ".repeat(2 ** 20), () => !answer.destroyed && flood());
      flood();
      return undefined;
    },
    flood: (_request, answer) => {
      answer.writeHead(200, { "Content-Type": "text/event-stream" });
      const event = `data: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params: {} })}\n\n`;
      const flood = (): boolean => answer.write(event.repeat(500), () => !answer.destroyed && flood());
      flood();
      return undefined;
    },
  });
  reach = {
    async resolve(name) {
      asked.push(name);
      return addresses;
    },
    connect(options) {
      // Whatever public address was judged: the server of this test.
      asked.push(`connect ${options.host}:${options.port}`);
      return connectTcp(Number(new URL(server.url).port), "127.0.0.1");
    },
  };
  clients = new McpClients({ sandbox, reach, pauseMs: 0 });
});
afterEach(async () => {
  await clients.close();
  await server.close();
  await rm(directory.hostPath, { recursive: true });
});

function remote(more: Partial<McpServer> & { url?: string } = {}): McpServer {
  const { url = server.url, ...others } = more;
  const reach = { kind: "http" as const, url, headers: { Authorization: secret } };
  return { name: "net", source: "operator", reach, approval: undefined, tools: undefined, ...others };
}

function gather(each: McpServer, from = clients): Promise<{ tools: Tool[]; statuses: McpStatus[] }> {
  return from.gather([each], { userId: "user", directory }, never);
}

function call(tools: Tool[], name: string, more: Partial<ToolContext> = {}): Promise<ToolOutcome> {
  const tool = tools.find(({ definition }) => definition.name === `mcp__net__${name}`);
  if (!tool) throw new Error(`there is no tool ${name}`);
  return tool.execute({ text: "你好" }, toolContext(directory, sandbox, more));
}

test("a remote server's tools are called in one session, with its headers, and the session is taken leave of", async () => {
  const { tools } = await gather(remote());
  expect(await call(tools, "echo")).toEqual({ content: "回声：你好", isError: false });
  expect(tools[0]?.leaves?.({})).toBe("It calls the tool echo of the server net.");
  await clients.close();
  expect(server.requests.at(-1)).toMatchObject({ http: "DELETE", headers: { authorization: secret } });
  expect(server.requests.filter(({ method }) => method === "initialize")).toHaveLength(1);
});

test("only the tools that are wanted are offered", async () => {
  const { tools } = await gather(remote({ tools: ["echo", "没有"], approval: "allow" }));
  expect(tools.map(({ definition }) => definition.name)).toEqual(["mcp__net__echo"]);
  expect(tools[0]?.leaves?.({})).toBeUndefined();
});

test("what is sent along as a secret is not read by the model, should it come back", async () => {
  const { tools } = await gather(remote());
  expect(await call(tools, "leak")).toMatchObject({ content: "you sent [hidden]" });
});

test("a cancelled call is cancelled with the server, and its answer is not waited for", async () => {
  const { tools } = await gather(remote());
  const stop = new AbortController();
  const called = call(tools, "slow", { signal: stop.signal });
  await expect.poll(() => server.requests.some(({ params }) => params?.name === "slow"), slow).toBe(true);
  stop.abort(new Error("stopped"));
  await expect(called).rejects.toThrow("stopped");
  const { id } = server.requests.find(({ params }) => params?.name === "slow") ?? {};
  await expect
    .poll(
      () => server.requests.find(({ method }) => method === "notifications/cancelled")?.params?.requestId,
      slow,
    )
    .toBe(id);
  await expect.poll(() => server.open.size, slow).toBe(0);
});

test("a session that the server has forgotten is made anew, and the call is made in that", async () => {
  const { tools } = await gather(remote());
  server.forgetSessions();
  expect(await call(tools, "echo")).toMatchObject({ content: "回声：你好" });
  expect(server.requests.filter(({ method }) => method === "initialize")).toHaveLength(2);
});

test("a server that is away in the middle of a conversation is said to be", async () => {
  const { tools } = await gather(remote());
  await server.close();
  const { content, isError } = await call(tools, "echo");
  expect(isError).toBe(true);
  expect(content).toContain("The server net did not do it: ");
});

test("a server that never answers costs its deadline once, and is left alone for a while", async () => {
  server.fallSilent();
  const impatient = new McpClients({ sandbox, reach, connectMs: 100 });
  for (const _ of [1, 2]) {
    const { tools, statuses } = await gather(remote(), impatient);
    expect(statuses[0]?.error).toBe("it did not answer in time");
    expect(tools).toEqual([]);
  }
  expect(server.requests).toHaveLength(1);
  await impatient.close();
});

test("answers without an end and streams without an answer are cut off", async () => {
  const { tools } = await gather(remote());
  expect((await call(tools, "huge")).content).toContain("it sent a message of more than 16 MiB");
  expect((await call(tools, "flood")).content).toContain("it sent more messages than anybody can take");
  expect(await call(tools, "echo")).toMatchObject({ isError: false });
});

test("a user's server is reached by the address that was judged, on its own port", async () => {
  const { statuses } = await gather(remote({ source: "user", url: "http://tools.example.com:8080/mcp" }));
  expect(statuses[0]?.error).toBe(null);
  expect(new Set(asked)).toEqual(new Set(["tools.example.com", "connect tools.example.com:8080"]));
});

test.each([
  ["http://127.0.0.1:9/mcp", ["93.184.215.14"]],
  ["http://[::1]:9/mcp", ["93.184.215.14"]],
  ["http://2130706433/mcp", ["93.184.215.14"]],
  ["http://localhost/mcp", ["93.184.215.14"]],
  ["https://169.254.169.254/latest/meta-data/", ["93.184.215.14"]],
  ["http://inside.example.com/mcp", ["10.0.0.7"]],
  ["http://mixed.example.com/mcp", ["93.184.215.14", "127.0.0.1"]],
  ["http://nowhere.example.com/mcp", []],
])("a user's server is never %s, leading to %j", async (url, found) => {
  addresses = found;
  const { statuses } = await gather(remote({ source: "user", url }));
  expect(statuses[0]?.error).toMatch(/never reached|no name of a public host|has no address/);
  expect(asked.filter((each) => each.startsWith("connect"))).toEqual([]);
  expect(server.requests).toEqual([]);
});
