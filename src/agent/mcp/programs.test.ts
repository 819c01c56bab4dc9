import { mkdtemp, readdir, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openTestSandbox } from "../../../test/support/sandbox.ts";
import { toolContext } from "../../../test/support/tool-context.ts";
import type { Directory } from "../../workspace/directory.ts";
import { openDirectory } from "../../workspace/open-directory.ts";
import { findLauncher, plainSandbox } from "../../workspace/sandbox/plain.ts";
import type { Sandbox } from "../../workspace/sandbox/sandbox.ts";
import type { Tool, ToolContext, ToolOutcome } from "../tools/tool.ts";
import { McpClients, type McpOptions, type McpStatus } from "./mcp-clients.ts";
import type { McpServer, StdioReach } from "./mcp-server.ts";

const root = join(import.meta.dirname, "../../..");
const never = new AbortController().signal;
/** One that no other process has. */
const nap = String(3_000_000 + Math.floor(Math.random() * 1e6));

/** Patience of whoever looks again and again, on a busy machine. */
const slow = { timeout: 20_000, interval: 20 };

let sandbox: Sandbox;
let directory: Directory;
let clients: McpClients;

beforeAll(async () => {
  sandbox =
    (await openTestSandbox("strict", { skills: root, programs: [process.execPath] })) ??
    plainSandbox(await findLauncher(), "external", []);
});
afterAll(() => sandbox.close());
beforeEach(async () => {
  directory = await openDirectory(await realpath(await mkdtemp(join(tmpdir(), "zcbot-工具-"))));
  clients = open();
});
afterEach(async () => {
  await clients.close();
  await rm(directory.hostPath, { recursive: true });
});

function open(more: Partial<McpOptions> = {}): McpClients {
  const reach = {
    resolve: async () => [],
    connect() {
      throw new Error("nothing is reached");
    },
  };
  return new McpClients({ sandbox, reach, ...more });
}

function program(mode: string, env: Record<string, string> = {}, more: Partial<McpServer> = {}): McpServer {
  const isInside = sandbox.level === "strict";
  const [command, place] = isInside ? ["/run/zcbot/node", "/skills"] : [process.execPath, root];
  const args = [join(place, "test/support/mcp/program.ts"), mode, nap];
  const reach: StdioReach = { kind: "stdio", command, args, env };
  return { name: mode, source: "operator", reach, approval: undefined, tools: undefined, ...more };
}

async function gather(
  servers: McpServer[],
  more: { from?: McpClients; directory?: Directory; userId?: string } = {},
): Promise<{ tools: Tool[]; statuses: McpStatus[] }> {
  const place = { userId: more.userId ?? "user", directory: more.directory ?? directory };
  return (more.from ?? clients).gather(servers, place, never);
}

function find(tools: Tool[], name: string): Tool {
  const found = tools.find(({ definition }) => definition.name === `mcp__plain__${name}`);
  if (!found) throw new Error(`there is no tool ${name}`);
  return found;
}

async function call(tools: Tool[], name: string, more: Partial<ToolContext> = {}): Promise<ToolOutcome> {
  const tool = find(tools, name);
  return tool.execute(tool.parameters.parse({ text: "你好" }), toolContext(directory, sandbox, more));
}

/** Command lines of processes that have this text in them. */
async function processesWith(text: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.filter((line) => line.includes(text));
}

const fileOf = (name: string) => readFile(join(directory.hostPath, name), "utf8").catch(() => "");

test("a program's tools are namespaced, ordered and called; it works in the task's directory and reports progress", async () => {
  const { tools, statuses } = await gather([program("plain")]);
  expect(statuses[0]?.error).toBe(null);
  const names = tools.map(({ definition }) => definition.name);
  expect(names).toEqual([...names].sort());
  expect(await call(tools, "echo")).toEqual({ content: "回声：你好", isError: false });
  expect(await fileOf("次数.txt")).toBe("1");
  const reports: string[] = [];
  await call(tools, "progress", { report: (text) => reports.push(text) });
  expect(reports.join("")).toBe("[1/2] 一半\n");
  expect(find(tools, "echo").effect).toBe("external");
});

test("a session is shared by the runs of one user in one directory, and by nobody else", async () => {
  const server = program("plain");
  for (const _ of [1, 2]) await call((await gather([server])).tools, "echo");
  expect(await fileOf("次数.txt")).toBe("2");
  const { tools } = await gather([server], { userId: "another" });
  await call(tools, "echo");
  expect(await fileOf("次数.txt")).toBe("1");
  const other = await directory.subdirectory("另一个");
  await gather([server], { directory: other });
  expect(await processesWith(`program.ts\0plain\0${nap}`)).not.toHaveLength(0);
  await clients.close();
  expect(await processesWith(nap)).toEqual([]);
});

test("the calls of a program in the sandbox ask nobody, unless the operator wants it; others do, unless the operator does not", () => {
  const leaves = async (more: Partial<McpServer>) => {
    const { tools } = await gather([program("plain", {}, more)]);
    return find(tools, "echo").leaves?.({}) !== undefined;
  };
  return Promise.all([
    expect(leaves({})).resolves.toBe(sandbox.level !== "strict"),
    expect(leaves({ approval: "ask" })).resolves.toBe(true),
    expect(leaves({ approval: "allow" })).resolves.toBe(false),
  ]);
});

test("a cancelled call is cancelled with the server, which goes on serving", async () => {
  const { tools } = await gather([program("plain")]);
  const stop = new AbortController();
  const called = call(tools, "slow", { signal: stop.signal });
  await expect.poll(() => fileOf("开始.txt"), slow).not.toBe("");
  stop.abort(new Error("stopped"));
  await expect(called).rejects.toThrow("stopped");
  await expect.poll(() => fileOf("取消.txt"), slow).toBe(await fileOf("开始.txt"));
  expect(await call(tools, "echo")).toMatchObject({ isError: false });
});

test("a server that ends in the middle of a call leaves its outcome open, says why, and is started anew", async () => {
  const { tools } = await gather([program("plain")]);
  const { content, isError } = await call(tools, "crash");
  expect(isError).toBe(true);
  expect(content).toContain("not known whether the call took effect");
  expect(content).toContain("无法继续：内存坏了 [exit code 3]");
  expect(await call(tools, "echo")).toMatchObject({ content: "回声：你好" });
  expect(await fileOf("次数.txt")).toBe("1");
});

test("what a server has started ends with it, whatever it did to be alone", async () => {
  const { tools } = await gather([program("plain")]);
  await call(tools, "spawn");
  await expect.poll(() => processesWith(`sleep\0${nap}`), slow).not.toHaveLength(0);
  await clients.close();
  expect(await processesWith(nap)).toEqual([]);
});

test("a new list counts from the next run on; a tool that is gone says so", async () => {
  const server = program("plain");
  const { tools } = await gather([server]);
  await call(tools, "grow");
  const grown = await gather([server]);
  expect(grown.tools).toHaveLength(tools.length + 1);
  await call(tools, "lose");
  expect(await call(tools, "echo")).toEqual({
    content: "The server plain does not offer the tool echo any more. Use another one.",
    isError: true,
  });
});

test("of a large result the model reads the beginning, and where the whole is", async () => {
  const { tools } = await gather([program("plain")]);
  const { content } = await call(tools, "huge");
  expect(content.length).toBeLessThan(5_000);
  const path = /\.zcbot\/results\/\S+\.txt/.exec(content)?.[0] ?? "";
  expect(await fileOf(path)).toBe("长文\n".repeat(200_000));
  expect((await call(tools, "deep")).content).toContain("nested too deeply");
});

test("a form that wants more than its defaults is declined, and the model reads what it wanted", async () => {
  const { tools } = await gather([program("plain")]);
  const { content } = await call(tools, "form");
  expect(content).toContain('{"action":"decline"}');
  expect(content).toContain("The server asked for 理由: 真的吗？");
});

test("a server that floods is cut off", async () => {
  const { tools } = await gather([program("plain")]);
  expect((await call(tools, "flood")).content).toContain("it sent more messages than anybody can take");
  expect((await call(tools, "endless-line")).content).toContain("it sent a message of more than 16 MiB");
  expect(await call(tools, "echo")).toMatchObject({ isError: false });
});

test("an endless list, fat descriptions and tricky names are bounded", async () => {
  const { tools } = await gather([program("endless"), program("fat")]);
  expect(tools.length).toBeLessThanOrEqual(256);
  const names = tools.map(({ definition }) => definition.name);
  expect(new Set(names).size).toBe(names.length);
  for (const { definition } of tools) {
    expect(definition.name).toMatch(/^mcp__[a-zA-Z0-9_-]{1,59}$/);
    expect(definition.description.length).toBeLessThan(2_010);
    expect(JSON.stringify(definition.parameters).length).toBeLessThan(33_000);
  }
  expect(names.filter((name) => name.startsWith("mcp__fat__"))).toHaveLength(11);
});

test("what a server says beside the protocol does no harm, and is told where it fails, without its secrets", async () => {
  const { statuses } = await gather([
    program("noisy"),
    program("broken", { PASSWORD: "hunter2hunter2" }),
    program("missing", {}, { reach: { kind: "stdio", command: "no-such-program", args: [], env: {} } }),
  ]);
  expect(Object.fromEntries(statuses.map(({ server, error }) => [server.name, error]))).toEqual({
    noisy: null,
    broken: "it ended; it said: cannot start: [hidden] [exit code 1]",
    missing: expect.stringContaining("no-such-program"),
  });
});

test("a session that nobody uses is closed", async () => {
  const forgetful = open({ idleMs: 400 });
  const { tools } = await gather([program("plain")], { from: forgetful });
  await expect.poll(() => processesWith(`program.ts\0plain\0${nap}`), slow).toEqual([]);
  expect(await call(tools, "echo")).toMatchObject({ isError: false });
  await forgetful.close();
});

test("a user's program is started in a sandbox only", async () => {
  const plain = plainSandbox(await findLauncher(), "off", []);
  const unguarded = open({ sandbox: plain });
  const { statuses } = await gather([program("plain", {}, { source: "user" })], { from: unguarded });
  expect(statuses[0]?.error).toBe("programs of users need a sandbox, and there is none here");
});
