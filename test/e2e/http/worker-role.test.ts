import { afterAll, beforeAll, expect, test } from "vitest";
import { openEvents } from "../../support/api/events.ts";
import { ask, createTask, stranger } from "../../support/api/request.ts";
import { finishRun, startRun } from "../../support/api/runs.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let database: TestDatabase;
let worker: TestServer;
let front: TestServer;

beforeAll(async () => {
  database = await createTestDatabase();
  worker = await startTestServer({ databaseUrl: database.url, role: "worker" });
  front = await startTestServer({ databaseUrl: database.url, role: "api" });
});
afterAll(async () => {
  await front.close();
  await worker.close();
  await database.drop();
});

test("a worker says whether it can work, and nothing else", async () => {
  expect((await ask(stranger(worker.url), "GET", "/healthz")).status).toBe(200);
  for (const path of ["/", "/v1/tasks", "/v1/me", "/openapi.json", "/docs", "/healthz/x"]) {
    expect([path, (await ask(stranger(worker.url), "GET", path)).status]).toEqual([path, 404]);
  }
  const login = await ask(stranger(worker.url), "POST", "/v1/auth/login", {});
  expect([login.status, login.body.code]).toEqual([404, "not_found"]);
});

test("what is posted to an api server, a worker executes", async () => {
  const user = await front.createUser();
  const task = await createTask(user);
  const { frames } = await finishRun(user, task.task_id);
  expect(frames.at(-1)).toMatchObject({ event: "done", data: { status: "ok" } });
  expect([front.models.requests.length, worker.models.requests.length]).toEqual([0, 1]);
});

test("a run that waits for a worker is cancelled by one", async () => {
  const user = await front.createUser();
  const task = await createTask(user);
  const run = await startRun(user, task.task_id, "hang");
  const events = await openEvents(user, run.eventsUrl);
  expect((await ask(user, "POST", `/v1/tasks/${task.task_id}/runs/${run.runId}/cancel`)).status).toBe(202);
  expect((await events.all()).slice(-2).map(({ event }) => event)).toEqual(["cancelled", "done"]);
});
