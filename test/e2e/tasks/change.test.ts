import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forgeToken, readClaims } from "../../support/api/forge-token.ts";
import { ask, createTask, type PageAnswer, stranger, type TaskAnswer } from "../../support/api/request.ts";
import { finishRun, readMessages, startHangingRun, startRun } from "../../support/api/runs.ts";
import { jwtSecret, startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
});
afterAll(() => server.close());

const patch = (task: TaskAnswer, body: unknown, who: Pick<TestUser, "fetch"> = user) =>
  ask<TaskAnswer>(who, "PATCH", `/v1/tasks/${task.task_id}`, body);
const read = (task: TaskAnswer) => ask<TaskAnswer>(user, "GET", `/v1/tasks/${task.task_id}`);

describe("patching a task", () => {
  test("changes what is named and nothing else, and moves updated_at", async () => {
    const task = await createTask(user, { description: "旧", skill: "report" });
    const { status, body } = await patch(task, { description: " 新 ", status: "completed" });
    expect(status).toBe(200);
    expect(body).toEqual({
      ...task,
      description: " 新 ",
      status: "completed",
      updated_at: expect.any(String),
    });
    expect(Date.parse(body.updated_at)).toBeGreaterThan(Date.parse(task.updated_at));
    expect((await read(task)).body).toEqual(body);
  });

  test("null means absent", async () => {
    const task = await createTask(user, { description: "留着", skill: "report" });
    const { body } = await patch(task, { name: "新名", description: null, skill: null, status: null });
    expect(body).toMatchObject({ name: "新名", description: "留着", skill: "report", status: "active" });
  });

  test("an empty text empties description and skill", async () => {
    const task = await createTask(user, { description: "走", skill: "report" });
    expect((await patch(task, { description: "", skill: "" })).body).toMatchObject({
      description: "",
      skill: "",
    });
  });

  const nothing: [string, unknown][] = [
    ["no field", {}],
    ["only nulls", { name: null, status: null, description: null, skill: null }],
    ["only fields nobody knows", { working_dir: "别处", task_id: randomUUID(), n_messages: 5 }],
  ];
  test.each(nothing)("with %s is nothing to update", async (_name, body) => {
    const task = await createTask(user);
    expect((await patch(task, body)).status).toBe(400);
    expect((await read(task)).body).toEqual(task);
  });

  const statuses: [string, number][] = [
    ["completed", 200],
    ["abandoned", 200],
    ["active", 400],
    ["Completed", 400],
    ["", 400],
    ["running", 400],
    ["完成", 400],
  ];
  test.each(statuses)("to the status '%s' gets %i", async (status, expected) => {
    expect((await patch(await createTask(user), { status })).status).toBe(expected);
  });

  const wrong = [{ status: 1 }, { name: [] }, { description: {} }, { skill: true }];
  test.each(wrong)("with %j has the wrong shape", async (body) => {
    expect((await patch(await createTask(user), body)).status).toBe(422);
  });

  test("one wrong field keeps the others from changing", async () => {
    const task = await createTask(user);
    expect((await patch(task, { description: "新", name: "a/b" })).status).toBe(400);
    expect((await patch(task, { description: "新", status: "active" })).status).toBe(400);
    expect((await read(task)).body).toEqual(task);
  });

  test("the working directory stays what it was when the name changes", async () => {
    const task = await createTask(user, { name: "原名" });
    expect((await patch(task, { name: "改名" })).body.working_dir).toBe(task.working_dir);
  });

  test("only a token minted for the command line opens a task again", async () => {
    const task = await createTask(user);
    await patch(task, { status: "completed" });
    const token = forgeToken({ ...readClaims(user.token), scope: "cli" }, jwtSecret);
    const commandLine = stranger(server.url, { Authorization: `Bearer ${token}` });
    expect(await patch(task, { status: "active" }, commandLine)).toMatchObject({
      status: 200,
      body: { status: "active" },
    });
  });

  test.each(["completed", "abandoned"])("a task that is %s still takes messages", async (status) => {
    const task = await createTask(user);
    await patch(task, { status });
    const run = await finishRun(user, task.task_id);
    expect(run.frames.at(-1)).toMatchObject({ event: "done", data: { status: "ok" } });
    expect((await read(task)).body).toMatchObject({ status, n_messages: 2 });
  });

  test("a run moves updated_at and counts its tokens", async () => {
    const task = await createTask(user);
    server.models.script({ parts: [{ text: "好。" }], usage: { input: 120, output: 7 } });
    await finishRun(user, task.task_id);
    const { body } = await read(task);
    expect(Date.parse(body.updated_at)).toBeGreaterThan(Date.parse(task.updated_at));
    expect(body).toMatchObject({ tokens_prompt: 120, tokens_completion: 7, tokens: 127 });
  });
});

describe("deleting a task", () => {
  const remove = (task: TaskAnswer) => user.fetch(`/v1/tasks/${task.task_id}`, { method: "DELETE" });
  const file = (task: TaskAnswer) => join(server.dataDir, task.working_dir, "留下.txt");

  test("takes messages, runs and events along and leaves the files", async () => {
    const task = await createTask(user, { name: "删除我" });
    const run = await finishRun(user, task.task_id);
    await writeFile(file(task), "还在");
    const answer = await remove(task);
    expect([answer.status, await answer.text()]).toEqual([204, ""]);
    for (const path of ["", "/messages", "/runs", "/export", `/runs/${run.runId}/events`]) {
      expect((await ask(user, "GET", `/v1/tasks/${task.task_id}${path}`)).status).toBe(404);
    }
    expect((await ask<PageAnswer>(user, "GET", "/v1/tasks?q=删除我")).body.count).toBe(0);
    expect(await readFile(file(task), "utf8")).toBe("还在");
    expect((await remove(task)).status).toBe(404);
  });

  test("cancels its run, closes the model's socket and ends every stream", async () => {
    const task = await createTask(user, { name: "运行中" });
    const before = server.models.requests.length;
    const run = await startHangingRun(user, task.task_id);
    await writeFile(file(task), "还在");
    expect((await remove(task)).status).toBe(204);
    await run.events.all();
    expect(await (await server.models.request(before)).closedEarly).not.toBeNull();
    expect((await read(task)).status).toBe(404);
    expect(await readFile(file(task), "utf8")).toBe("还在");
  });

  test("twice at the same time deletes once", async () => {
    const task = await createTask(user);
    const answers = await Promise.all([remove(task), remove(task), remove(task)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 404, 404]);
  });

  test("while messages are posted never breaks anything", async () => {
    for (let round = 0; round < 10; round += 1) {
      const task = await createTask(user);
      const post = () =>
        ask(user, "POST", `/v1/tasks/${task.task_id}/messages`, { content: "你好" }).then(
          ({ status }) => status,
        );
      const [first, second, gone, third] = await Promise.all([post(), post(), remove(task), post()]);
      expect(gone.status).toBe(204);
      for (const status of [first, second, third]) expect([202, 404, 409]).toContain(status);
      expect((await read(task)).status).toBe(404);
    }
  });

  test("leaves other tasks of the same directory at work", async () => {
    const [one, two] = await Promise.all([
      createTask(user, { name: "甲", working_dir: "同一目录" }),
      createTask(user, { name: "乙", working_dir: "同一目录" }),
    ]);
    const hanging = await startHangingRun(user, one.task_id);
    await startRun(user, two.task_id);
    expect((await remove(two)).status).toBe(204);
    expect(await readMessages(user, one.task_id)).toHaveLength(1);
    hanging.events.close();
  });
});
