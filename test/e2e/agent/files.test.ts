import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { upload } from "../../support/api/multipart.ts";
import { createTask, type TaskAnswer } from "../../support/api/request.ts";
import { finishRun } from "../../support/api/runs.ts";
import { makeDocx } from "../../support/documents.ts";
import { calls, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;
let task: TaskAnswer;
/** Another conversation in the same directory. */
let other: TaskAnswer;

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
  task = await createTask(user, { name: "共用" });
  other = await createTask(user, { name: "另一个", working_dir: "共用" });
});
afterAll(() => server.close());

type Call = [name: string, input: Record<string, unknown>];

/** Lets the model make these calls one after the other in a run of the task, and gives the answers. */
async function run(
  { task_id }: TaskAnswer,
  ...made: Call[]
): Promise<{ content: string; is_error: boolean }[]> {
  server.models.script(...made.map(([name, input]) => calls(name, input)), says("好了。"));
  const { frames } = await finishRun(user, task_id, "做吧");
  const results = frames.filter(({ event }) => event === "tool_result");
  return results.map(({ data }) => ({ content: String(data.content), is_error: data.is_error === true }));
}

const onDisk = (path: string) => readFile(join(server.dataDir, task.working_dir, path), "utf8");

test("what another task has changed meanwhile is not edited but shown, and then may be", async () => {
  await run(task, ["write", { path: "方案/初稿.md", content: "目标\n预算：十万\n结论\n" }]);
  const theirs = await run(
    other,
    ["read", { path: "方案/初稿.md" }],
    ["edit", { path: "方案/初稿.md", edits: [{ old_text: "十万", new_text: "二十万" }] }],
  );
  expect(theirs.map(({ is_error }) => is_error)).toEqual([false, false]);
  const edit: Call = [
    "edit",
    { path: "方案/初稿.md", edits: [{ old_text: "结论", new_text: "结论：可行" }] },
  ];
  const [refused, accepted] = await run(task, edit, edit);
  expect(refused).toMatchObject({
    is_error: true,
    content: expect.stringContaining("- 预算：十万\n+ 预算：二十万"),
  });
  expect(accepted?.is_error).toBe(false);
  expect(await onDisk("方案/初稿.md")).toBe("目标\n预算：二十万\n结论：可行\n");
});

test("what the person has uploaded meanwhile is not written over", async () => {
  await run(task, ["write", { path: "名单.txt", content: "甲\n" }]);
  const sent = await upload(user, [
    { name: "path", content: "共用" },
    { name: "files", filename: "名单.txt", content: "甲\n乙\n" },
  ]);
  expect(sent.status).toBe(200);
  const [refused] = await run(task, ["write", { path: "名单.txt", content: "丙\n" }]);
  expect(refused).toMatchObject({ is_error: true, content: expect.stringContaining("+ 乙") });
  expect(await onDisk("名单.txt")).toBe("甲\n乙\n");
});

test("a document is read from the model to the disk", async () => {
  const sent = await upload(user, [
    { name: "path", content: "共用" },
    { name: "files", filename: "年报.docx", content: await makeDocx() },
  ]);
  expect(sent.status).toBe(200);
  const [read] = await run(task, ["read", { path: "年报.docx" }]);
  expect(read?.content).toContain("# 年度报告\n\n收入**增长**");
});
