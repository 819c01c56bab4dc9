import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { MemoryContent, MemoryFile, MemoryIndex } from "../../../src/protocol/agent/memory.ts";
import { ask, createTask } from "../../support/api/request.ts";
import { finishRun } from "../../support/api/runs.ts";
import { calls, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  server = await startTestServer({ userBytes: 2 ** 20 });
});
afterAll(() => server.close());
beforeEach(async () => {
  server.models.reset();
  user = await server.createUser();
});

const address = (path: string) => `/v1/memory/${encodeURI(path)}`;
const index = async (who = user) => (await ask<MemoryIndex>(who, "GET", "/v1/memory")).body;
const read = async (path: string, query = "") =>
  (await ask<MemoryContent>(user, "GET", address(path) + query)).body;
const write = (path: string, json: unknown, who = user) =>
  ask<MemoryFile & { code: string }>(who, "PUT", address(path), json);
const folder = (who = user) => join(server.dataDir, "workspace/users", who.userId);

/** The system prompt, tools and messages that the model was sent last. */
function lastSeen(): { system: string; tools: string[]; last: string } {
  const body = server.models.requests.at(-1)?.body;
  const messages = (body?.messages ?? []) as { content: string }[];
  const tools = (body?.tools ?? []) as { function: { name: string } }[];
  return {
    system: messages[0]?.content ?? "",
    tools: tools.map((tool) => tool.function.name),
    last: messages.at(-1)?.content ?? "",
  };
}

describe("memory", () => {
  test("is written, listed, read, brought back, deleted and erased by the person", async () => {
    expect(await index()).toEqual({ enabled: true, files: [], deleted: [], bytes: 0, max_bytes: 2 ** 20 });
    const first = await write("项目/预算.md", { content: "100 万" });
    expect(first.body).toMatchObject({
      path: "项目/预算.md",
      size: 7,
      versions: [{ by: "person", size: 7 }],
    });
    await write("项目/预算.md", { content: "200 万" });
    const { files, bytes } = await index();
    expect(files).toMatchObject([{ path: "项目/预算.md", size: 7, versions: [{}, {}] }]);
    expect(bytes).toBe(7);
    const version = first.body.versions[0]?.version ?? "";
    expect(await read("项目/预算.md")).toMatchObject({ content: "200 万" });
    expect(await read("项目/预算.md", `?version=${version}`)).toMatchObject({ content: "100 万" });
    expect((await write("项目/预算.md", { version })).status).toBe(200);
    expect(await read("项目/预算.md")).toMatchObject({ content: "100 万" });
    expect((await ask(user, "DELETE", address("项目/预算.md"))).status).toBe(204);
    expect((await ask(user, "GET", address("项目/预算.md"))).body.code).toBe("memory_not_found");
    expect((await index()).deleted).toMatchObject([{ path: "项目/预算.md", versions: [{}, {}, {}] }]);
    expect((await ask(user, "DELETE", `${address("项目/预算.md")}?versions=true`)).status).toBe(204);
    expect((await index()).deleted).toEqual([]);
  });

  test("takes markdown files under plain names alone, within its size and the user's room", async () => {
    for (const path of ["x.txt", ".versions/x.md", "a/../b.md", "a/b/c/d/e.md", "a//b.md", "x.md/y.md"]) {
      const { status, body } = await ask(user, "PUT", `/v1/memory/${encodeURIComponent(path)}`, {
        content: "x",
      });
      expect([path, status, body.code]).toEqual([path, 400, "invalid_path"]);
    }
    expect((await write("x.md", {})).body.code).toBe("nothing_to_update");
    expect((await write("x.md", { content: "x", version: "y" })).body.code).toBe("nothing_to_update");
    expect((await write("x.md", { version: "没有" })).body.code).toBe("memory_not_found");
    expect((await write("x.md", { content: "x".repeat(65_537) })).body.code).toBe("too_large");
    // The room of somebody new is measured at the first write.
    const full = await server.createUser();
    await mkdir(join(folder(full), "满"), { recursive: true });
    await writeFile(join(folder(full), "满/满.bin"), Buffer.alloc(2 ** 20));
    expect((await write("x.md", { content: "x" }, full)).body.code).toBe("quota_exceeded");
    expect((await index()).files).toEqual([]);
  });

  test("is nobody else's, whatever path, version or link leads there", async () => {
    await write("机密.md", { content: "机密的事" });
    const other = await server.createUser();
    const version = (await index()).files[0]?.versions[0]?.version;
    expect(await index(other)).toMatchObject({ files: [], deleted: [] });
    for (const query of ["", `?version=${version}`])
      expect((await ask(other, "GET", address("机密.md") + query)).body.code).toBe("memory_not_found");
    expect((await ask(other, "DELETE", address("机密.md"))).status).toBe(404);
    await mkdir(join(folder(other), ".memory"), { recursive: true });
    await symlink(join(folder(), ".memory/机密.md"), join(folder(other), ".memory/链.md"));
    expect((await ask(other, "GET", address("链.md"))).status).toBe(400);
    const task = await createTask(other, { name: "偷看" });
    server.models.script(
      calls("recall", { path: "../../" }),
      calls("recall", { path: "链.md" }),
      says("没有"),
    );
    await finishRun(other, task.task_id, "看看别人的");
    expect(JSON.stringify(server.models.requests.at(-1)?.body)).not.toContain("机密的事");
    await write("机密.md", { content: "换了" }, other);
    expect(await read("机密.md")).toMatchObject({ content: "机密的事" });
  });

  test("goes into prompts, is written by the model in one task and known in the next", async () => {
    const first = await createTask(user, { name: "记住" });
    server.models.script(
      calls("remember", { content: "- 喜欢用表格" }),
      calls("remember", {
        path: "项目/大.md",
        content: `# 大项目\n${"细节".repeat(3_000)}`,
        mode: "replace",
      }),
      says("记住了"),
    );
    await finishRun(user, first.task_id, "记住这些");
    const second = await createTask(user, { name: "另一个" });
    server.models.script(calls("recall", { path: "项目/大" }), says("好"));
    await finishRun(user, second.task_id, "开始");
    const { system, last } = lastSeen();
    expect(system).toContain("## MEMORY.md\n\n- 喜欢用表格");
    expect(system).toContain("\n- 项目/大.md (18,013 bytes): 大项目");
    expect(last).toMatch(/^# 大项目\n细节/);
    expect((await index()).files.map(({ path, versions }) => [path, versions[0]?.by])).toEqual([
      ["MEMORY.md", "agent"],
      ["项目/大.md", "agent"],
    ]);
  });

  test("that is switched off is neither read nor written, and stays as it was", async () => {
    await write("MEMORY.md", { content: "- 喜欢用表格" });
    expect((await ask<MemoryIndex>(user, "PUT", "/v1/memory", { enabled: false })).body).toMatchObject({
      enabled: false,
      files: [{ path: "MEMORY.md" }],
    });
    const task = await createTask(user, { name: "不记" });
    server.models.script(calls("remember", { content: "偷偷记" }), says("好"));
    await finishRun(user, task.task_id, "你好");
    expect(lastSeen().system).not.toContain("喜欢用表格");
    expect(lastSeen().tools).not.toContain("remember");
    expect(lastSeen().tools).not.toContain("recall");
    expect(await readFile(join(folder(), ".memory/MEMORY.md"), "utf8")).toBe("- 喜欢用表格");
    await ask(user, "PUT", "/v1/memory", { enabled: true });
    await finishRun(user, task.task_id, "你好");
    expect(lastSeen().tools).toContain("remember");
    expect(lastSeen().last).toContain("- 喜欢用表格");
  });
});

test("AGENTS.md of the working directory is in the prompt, and what changes of it is told", async () => {
  const task = await createTask(user, { name: "约定", working_dir: "约定目录" });
  const path = join(folder(), "约定目录/AGENTS.md");
  await writeFile(path, "- 金额写到分\n- 用表格\n");
  await finishRun(user, task.task_id, "开始");
  const { system } = lastSeen();
  expect(system).toMatch(/# AGENTS\.md\n\nThe file AGENTS\.md of the working directory[\s\S]*- 金额写到分/);
  await writeFile(path, "- 金额写到元\n- 用表格\n");
  await finishRun(user, task.task_id, "再来");
  expect(lastSeen().system).toBe(system);
  expect(lastSeen().last).toContain("- 金额写到元");
});
