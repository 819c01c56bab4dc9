import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { toolName } from "../../../src/agent/mcp/tool/tool-name.ts";
import type { McpServer, McpServerList } from "../../../src/protocol/agent/mcp.ts";
import { type Frame, openEvents } from "../../support/api/events.ts";
import { ask, createTask } from "../../support/api/request.ts";
import { finishRun, startRun } from "../../support/api/runs.ts";
import { type McpHttpServer, startMcpServer } from "../../support/mcp/http-server.ts";
import { calls, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

/** Patience of whoever looks again and again, on a busy machine. */
const slow = { timeout: 20_000, interval: 20 };

let tools: McpHttpServer;
let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  tools = await startMcpServer({
    查询: ({ params }) => ({ content: [{ type: "text", text: `结果：${params?.arguments?.text}` }] }),
  });
  server = await startTestServer({}, () => ({
    mcpServers: {
      data: {
        url: tools.url,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: as it stands in the file
        headers: { Authorization: "Bearer ${OPENAI_API_KEY}" },
        approval: "allow",
      },
      gone: { url: "http://127.0.0.1:9/mcp" },
      asks: { url: tools.url },
    },
  }));
});
afterAll(async () => {
  await server.close();
  await tools.close();
});
beforeEach(async () => {
  server.models.reset();
  user = await server.createUser();
});

const list = async (who = user) => (await ask<McpServerList>(who, "GET", "/v1/mcp")).body.servers;
const put = (name: string, json: unknown, who = user) =>
  ask<McpServer & { code: string }>(who, "PUT", `/v1/mcp/${name}`, json);

/** The frames of this kind. */
const dataOf = (frames: Frame[], event: string) =>
  frames.filter((frame) => frame.event === event).map(({ data }) => data);

test("a run calls the tools of the operator's server, with a secret of the environment; one that is away is told of", async () => {
  const { task_id } = await createTask(user);
  const name = toolName("data", "查询");
  server.models.script(calls(name, { text: "销售额" }), says("完成"));
  const { frames } = await finishRun(user, task_id, "查销售额");
  expect(dataOf(frames, "tool_result")).toMatchObject([{ name, content: "结果：销售额", is_error: false }]);
  expect(dataOf(frames, "notice")).toEqual([
    {
      code: "mcp_unavailable",
      msg: "The tools of the server gone are not available: nothing listens at its address.",
    },
  ]);
  expect(tools.requests.find(({ method }) => method === "tools/call")?.headers.authorization).toBe(
    "Bearer key-of-the-tests",
  );
  await expect.poll(async () => (await list()).every(({ state }) => state !== "unknown"), slow).toBe(true);
  const shown = await list();
  expect(shown).toMatchObject([
    { name: "asks", state: "connected" },
    {
      name: "data",
      source: "operator",
      state: "connected",
      url: null,
      headers: [],
      tools: [{ name: "查询" }],
    },
    { name: "gone", source: "operator", state: "failed", error: "nothing listens at its address" },
  ]);
  expect(JSON.stringify(shown)).not.toContain("key-of-the-tests");
});

test("a remote tool asks the person first, where the operator does not let it pass", async () => {
  const { task_id } = await createTask(user);
  const name = toolName("asks", "查询");
  server.models.script(calls(name, { text: "利润" }), says("完成"));
  const run = await startRun(user, task_id, "查利润");
  const events = await openEvents(user, run.eventsUrl);
  const { data } = await events.until("request");
  expect(data).toMatchObject({ kind: "approval", tool: name, arguments: { text: "利润" } });
  const { request_id } = data as { request_id: string };
  await ask(user, "POST", `/v1/tasks/${task_id}/runs/${run.runId}/answers`, {
    request_id,
    decision: "allow",
  });
  const frames = await events.all();
  expect(dataOf(frames, "tool_result")).toMatchObject([{ content: "结果：利润" }]);
});

test("a user's own servers are theirs alone, and what is secret of them is never given back", async () => {
  const settings = {
    url: "https://tools.example.com/mcp?key=geheim",
    headers: { "X-Key": "geheim" },
    tools: ["a"],
  };
  const { status, body } = await put("own", settings);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    name: "own",
    source: "user",
    kind: "http",
    url: "https://tools.example.com/mcp",
    headers: ["X-Key"],
    allowed_tools: ["a"],
    state: "unknown",
  });
  await put("tool", { command: "node", args: ["服务.js"], env: { TOKEN: "geheim" } });
  const shown = await list();
  expect(shown.map(({ name }) => name)).toEqual(["asks", "data", "gone", "own", "tool"]);
  expect(shown[4]).toMatchObject({ kind: "stdio", command: "node", args: ["服务.js"], env: ["TOKEN"] });
  expect(JSON.stringify(shown)).not.toContain("geheim");
  const other = await server.createUser();
  expect((await list(other)).map(({ name }) => name)).toEqual(["asks", "data", "gone"]);
  expect((await ask(other, "DELETE", "/v1/mcp/own")).status).toBe(404);
  expect((await ask(user, "DELETE", "/v1/mcp/own")).status).toBe(204);
  expect((await list()).map(({ name }) => name)).toEqual(["asks", "data", "gone", "tool"]);
});

test("a stored secret may be kept by null, for the same host alone", async () => {
  await put("own", { url: "https://one.example.com/mcp", headers: { "X-Key": "geheim" } });
  expect(
    (await put("own", { url: "https://one.example.com/v2", headers: { "X-Key": null } })).body,
  ).toMatchObject({
    headers: ["X-Key"],
  });
  const elsewhere = await put("own", { url: "https://two.example.com/mcp", headers: { "X-Key": null } });
  expect([elsewhere.status, elsewhere.body.code]).toEqual([400, "invalid_mcp_server"]);
});

test.each([
  ["own", { url: "ftp://example.com" }, 400, "invalid_mcp_server"],
  ["own", { url: "https://user:word@example.com" }, 400, "invalid_mcp_server"],
  ["own", { url: "https://example.com", command: "node" }, 400, "invalid_mcp_server"],
  ["own", {}, 400, "invalid_mcp_server"],
  ["own", { command: "node", headers: { a: "b" } }, 400, "invalid_mcp_server"],
  ["own", { url: "https://example.com", headers: { "X-Key": "a\r\nb" } }, 422, "invalid_request"],
  ["a__b", { url: "https://example.com" }, 400, "invalid_mcp_server"],
  ["服务", { url: "https://example.com" }, 400, "invalid_mcp_server"],
  ["data", { url: "https://example.com" }, 409, "mcp_name_taken"],
])("a server %s of %j is refused", async (name, json, status, code) => {
  const answer = await put(encodeURIComponent(name), json);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
});

test("no more than twenty servers are kept", async () => {
  const answers = [];
  for (let count = 0; count <= 20; count++) {
    answers.push(await put(`s${count}`, { url: "https://example.com" }));
  }
  expect(answers.map(({ status }) => status)).toEqual([...Array(20).fill(200), 409]);
  expect(answers.at(-1)?.body.code).toBe("too_many_mcp_servers");
});

test("a server is looked at when a person asks; an address inside is refused to users", async () => {
  const check = (name: string) => ask<McpServer>(user, "POST", `/v1/mcp/${name}/check`);
  expect((await check("data")).body).toMatchObject({ state: "connected", tools: [{ name: "查询" }] });
  await put("inside", { url: tools.url });
  expect((await check("inside")).body).toMatchObject({
    state: "failed",
    error: expect.stringContaining("never reached"),
  });
  expect((await list()).find(({ name }) => name === "inside")).toMatchObject({ state: "failed" });
  await put("program", { command: "node" });
  expect((await check("program")).body.error).toBe(
    "programs of users need a sandbox, and there is none here",
  );
  expect((await check("missing")).status).toBe(404);
});
