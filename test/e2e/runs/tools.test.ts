import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEvents } from "../../support/api/events.ts";
import { ask, createTask, type TaskAnswer } from "../../support/api/request.ts";
import { findFaults, finishRun, readMessages, startRun } from "../../support/api/runs.ts";
import { calls, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;
let task: TaskAnswer;

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
  task = await createTask(user, { name: "工具" });
});
afterAll(() => server.close());

const onDisk = (path: string) => join(server.dataDir, task.working_dir, path);

/** Lets the model make this one call, and gives the tool's answer. */
async function callTool(name: string, input: unknown): Promise<{ content: string; is_error: boolean }> {
  server.models.script(calls(name, input), says("好了。"));
  const { frames } = await finishRun(user, task.task_id, `用 ${name}`);
  expect(frames.at(-1)).toMatchObject({ event: "done", data: { status: "ok" } });
  const result = frames.find(({ event }) => event === "tool_result")?.data;
  return { content: String(result?.content), is_error: result?.is_error === true };
}

describe("the tools, from the model to the disk", () => {
  test("write, read, edit and search a file with a Chinese name", async () => {
    const path = "报告/水泥 第一章.md";
    expect((await callTool("write", { path, content: "# 水泥\n强度：四二五\n" })).is_error).toBe(false);
    expect(await readFile(onDisk(path), "utf8")).toBe("# 水泥\n强度：四二五\n");

    expect((await callTool("read", { path })).content).toContain("强度：四二五");

    const edited = await callTool("edit", { path, old_text: "四二五", new_text: "五二五 💪" });
    expect(edited.is_error).toBe(false);
    expect(await readFile(onDisk(path), "utf8")).toBe("# 水泥\n强度：五二五 💪\n");

    const found = await callTool("grep", { pattern: "五二." });
    expect(found.content).toContain("水泥 第一章.md");
    expect(found.content).toContain("强度：五二五");
    expect((await callTool("glob", { pattern: "**/*.md" })).content).toContain(path);
    expect((await callTool("list", { path: "报告" })).content).toContain("水泥 第一章.md");
  });

  test("what a tool wrote is among the user's files, and the other way round", async () => {
    await callTool("write", { path: "给人看.txt", content: "内容" });
    const listing = await ask(user, "GET", `/v1/files?path=${encodeURIComponent("工具")}`);
    expect(listing.text).toContain("给人看.txt");
    await writeFile(onDisk("给模型看.txt"), "来自人");
    expect((await callTool("read", { path: "给模型看.txt" })).content).toContain("来自人");
  });

  test("bash runs in the task's directory and says how it ended", async () => {
    await callTool("write", { path: "甲.txt", content: "一\n二\n" });
    const good = await callTool("bash", { command: "wc -l < 甲.txt; echo 错误 >&2" });
    expect(good.is_error).toBe(false);
    expect(good.content).toMatch(/2[\s\S]*错误/);
    expect(await callTool("bash", { command: "exit 3" })).toMatchObject({ is_error: true });
  });

  test("bash finds none of the server's secrets in its surroundings", async () => {
    const { content } = await callTool("bash", { command: "env; cat /proc/self/environ | tr '\\0' '\\n'" });
    expect(content).not.toMatch(/key-of-the-tests|platform-key|JWT_SECRET|DATABASE_URL/);
  });

  test("live output comes while the command still runs", async () => {
    const command = "echo 第一行; while [ ! -e 继续 ]; do sleep 0.02; done; echo 第二行";
    server.models.script(calls("bash", { command }), says("好了。"));
    const run = await startRun(user, task.task_id, "慢慢来");
    const events = await openEvents(user, run.eventsUrl);
    const first = await events.until("tool_output", ({ data }) => String(data.text).includes("第一行"));
    expect(first.data).toEqual({ id: expect.any(String), text: expect.any(String) });
    await writeFile(onDisk("继续"), "");
    const frames = await events.all();
    const output = frames.filter(({ event }) => event === "tool_output").map(({ data }) => data.text);
    expect(output.join("")).toBe("第一行\n第二行\n");
    const order = frames.map(({ event }) => event).filter((event) => event.startsWith("tool_"));
    expect([order[0], order.at(-1)]).toEqual(["tool_call", "tool_result"]);
  });

  test("a file read by one call is what the next one sees", async () => {
    server.models.script(
      calls("write", { path: "链.txt", content: "一" }),
      calls("edit", { path: "链.txt", old_text: "一", new_text: "二" }),
      calls("read", { path: "链.txt" }),
      says("好了。"),
    );
    const { frames } = await finishRun(user, task.task_id, "连着做");
    const results = frames.filter(({ event }) => event === "tool_result").map(({ data }) => data.content);
    expect(results).toHaveLength(3);
    expect(results[2]).toContain("二");
    expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
  });

  test("nothing but the own directory is reached", async () => {
    const other = await createTask(user, { name: "别的任务" });
    await writeFile(join(server.dataDir, other.working_dir, "别的.txt"), "别的内容");
    for (const path of [
      "../别的任务/别的.txt",
      "../../x/../别的任务/别的.txt",
      "/etc/hostname",
      "/proc/self/environ",
    ]) {
      const read = await callTool("read", { path });
      expect([path, read.is_error, read.content.includes("别的内容")]).toEqual([path, true, false]);
      expect((await callTool("write", { path: `${path}.新`, content: "坏" })).is_error).toBe(true);
    }
  });
});
