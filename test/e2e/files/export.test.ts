import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ask, createTask } from "../../support/api/request.ts";
import { finishRun } from "../../support/api/runs.ts";
import { calls, says } from "../../support/model-turn.ts";
import { readZip } from "../../support/read-zip.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
});
afterAll(() => server.close());

const docxType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const path = (taskId: string) => `/v1/tasks/${taskId}/export`;
const textOf = (xml: string) => xml.replaceAll(/<[^>]+>/g, "");

test("a conversation is exported as a .docx that holds what was said", async () => {
  const task = await createTask(user, { name: "导出" });
  server.models.script(
    calls("write", { path: "笔记.md", content: "x" }),
    says(
      "# 标题\n\n水泥 😀 **粗体** <b>&amp;</b>\n\n| 甲 | 乙 |\n|---|---|\n| 一 | 二 |\n\n```js\nlet a = 1 < 2;\n```",
    ),
  );
  await finishRun(user, task.task_id, "写一份 <报告> & 说明\u0001");
  const answer = await user.fetch(path(task.task_id));
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe(docxType);
  expect(answer.headers.get("content-disposition")).toMatch(/^attachment;/);
  expect(answer.headers.get("content-disposition")).toContain(`chat_${task.task_id.slice(0, 8)}.docx`);
  const files = readZip(Buffer.from(await answer.arrayBuffer()));
  expect([...files.keys()]).toEqual(
    expect.arrayContaining(["[Content_Types].xml", "_rels/.rels", "word/document.xml"]),
  );
  const text = textOf(files.get("word/document.xml")?.toString("utf8") ?? "");
  for (const part of ["写一份 &lt;报告&gt; &amp; 说明", "标题", "水泥 😀", "粗体", "let a = 1 &lt; 2;"]) {
    expect(text).toContain(part);
  }
  for (const [name, content] of files) {
    const controls = content.toString("utf8").match(/(?![\t\n\r])\p{Cc}/gu);
    if (/\.(xml|rels)$/.test(name)) expect([name, controls]).toEqual([name, null]);
  }
});

test("a task without messages has nothing to export", async () => {
  const task = await createTask(user, { name: "空的" });
  expect((await ask(user, "GET", path(task.task_id))).status).toBe(400);
});

test("an unknown task is 404, and so is a malformed id", async () => {
  expect((await ask(user, "GET", path(randomUUID()))).status).toBe(404);
  expect((await ask(user, "GET", path("no-id"))).status).toBe(404);
});

test("a conversation that ended early, or failed, is exported too", async () => {
  const task = await createTask(user, { name: "失败的" });
  await finishRun(user, task.task_id, "fail 400");
  expect((await user.fetch(path(task.task_id))).status).toBe(200);
});
