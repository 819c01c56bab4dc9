import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MessageList, PendingList } from "../../../src/protocol/message.ts";
import type { Run } from "../../../src/protocol/run.ts";
import { ask, createTask, type TaskAnswer } from "../../support/api/request.ts";
import { cancelRun, finishRun, readRun, startHangingRun } from "../../support/api/runs.ts";
import { says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  server = await startTestServer({}, () => ({
    profiles: {
      主力: { provider: "openai-compatible", model: "scripted-main" },
      另一个: { provider: "openai-compatible", model: "scripted-other" },
      看图: { provider: "openai-compatible", model: "scripted-seeing", vision: true },
    },
    defaultProfile: "主力",
  }));
  user = await server.createUser();
});
afterAll(() => server.close());

async function upload(task: TaskAnswer, name: string, content: string | Buffer = "内容"): Promise<string> {
  const path = task.working_dir.split("/").at(-1) ?? "";
  const form = new FormData();
  form.append("path", path);
  form.append("files", new Blob([new Uint8Array(Buffer.from(content))]), name);
  expect((await user.fetch("/v1/files/upload", { method: "POST", body: form })).status).toBe(200);
  return `${path}/${name}`;
}

const post = (task: TaskAnswer, more: Record<string, unknown>) =>
  ask<{ run_id: string; events_url: string; code?: string }>(
    user,
    "POST",
    `/v1/tasks/${task.task_id}/messages`,
    {
      content: "看附件",
      ...more,
    },
  );

const list = async (task: TaskAnswer) =>
  (await ask<MessageList>(user, "GET", `/v1/tasks/${task.task_id}/messages`)).body.messages;

describe("a message's own model", () => {
  test("answers that message alone", async () => {
    const task = await createTask(user, { name: "换模型" });
    server.models.script(says("一"), says("二"));
    const first = await finishRun(user, task.task_id, "第一条", { model_profile: "另一个" });
    await finishRun(user, task.task_id, "第二条");
    expect(server.models.requests.slice(-2).map(({ body }) => body.model)).toEqual([
      "scripted-other",
      "scripted-main",
    ]);
    const run = await ask<Run>(user, "GET", `/v1/tasks/${task.task_id}/runs/${first.runId}`);
    expect(run.body.model_profile).toBe("另一个");
  });

  test("goes with the message through the queue", async () => {
    const task = await createTask(user, { name: "排队换模型" });
    const { runId } = await startHangingRun(user, task.task_id);
    server.models.script(says("后来"));
    const queued = await post(task, { mode: "queue", model_profile: "另一个" });
    const { body } = await ask<PendingList>(user, "GET", `/v1/tasks/${task.task_id}/pending`);
    expect(body.pending).toEqual([expect.objectContaining({ model_profile: "另一个" })]);
    await cancelRun(user, task.task_id, runId);
    await readRun(user, queued.body.events_url);
    expect(server.models.requests.at(-1)?.body.model).toBe("scripted-other");
  });

  test("that is not configured is refused", async () => {
    const task = await createTask(user, { name: "没有的模型" });
    const { status, body } = await post(task, { model_profile: "没有" });
    expect([status, body.code]).toEqual([400, "invalid_model_profile"]);
  });
});

describe("attachments", () => {
  test("stay with their message, each once", async () => {
    const task = await createTask(user, { name: "带附件" });
    const path = await upload(task, "预算 表.csv");
    server.models.script(says("看了"), says("又看了"));
    const { body } = await post(task, { attachments: [path, `./${path}`] });
    await readRun(user, body.events_url);
    expect((await list(task)).map(({ attachments }) => attachments)).toEqual([[path], []]);
    const retry = await ask<{ events_url: string }>(
      user,
      "POST",
      `/v1/tasks/${task.task_id}/runs/${body.run_id}/retry`,
    );
    await readRun(user, retry.body.events_url);
    expect((await list(task)).at(2)?.attachments).toEqual([path]);
  });

  test("are named to the model, and pictures shown to one that sees, as they were", async () => {
    const task = await createTask(user, { name: "看图" });
    const picture = Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
      "base64",
    );
    const path = await upload(task, "图 一.png", picture);
    server.models.script(says("一张图"), says("没看见"));
    await finishRun(user, task.task_id, "这是什么？", { attachments: [path], model_profile: "看图" });
    await upload(task, "图 一.png", "现在是别的东西");
    await finishRun(user, task.task_id, "再看看", { model_profile: "看图" });
    const shown = server.models.requests.slice(-2).map(({ body }) => JSON.stringify(body));
    for (const request of shown) {
      expect(request).toContain(`data:image/png;base64,${picture.toString("base64")}`);
      expect(request).toContain(String.raw`[Files that came with this message: \"图 一.png\"]`);
    }
    server.models.script(says("看不见"));
    await finishRun(user, task.task_id, "那你呢？");
    expect(JSON.stringify(server.models.requests.at(-1)?.body)).not.toContain("base64");
  });

  test("must be files of the task's own directory", async () => {
    const task = await createTask(user, { name: "自己的" });
    const elsewhere = await upload(await createTask(user, { name: "别处" }), "a.txt");
    const refusal = async (path: string) => {
      const { status, body } = await post(task, { attachments: [path] });
      return [status, body.code];
    };
    expect(await refusal(elsewhere)).toEqual([400, "invalid_path"]);
    expect(await refusal("../../etc/passwd")).toEqual([400, "invalid_path"]);
    expect(await refusal("自己的/没有.txt")).toEqual([404, "path_not_found"]);
    expect(await refusal("自己的")).toEqual([400, "not_a_file"]);
    expect(await list(task)).toEqual([]);
  });
});
