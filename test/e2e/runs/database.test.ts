import { afterAll, beforeAll, expect, test } from "vitest";
import { openEvents } from "../../support/api/events.ts";
import { ask, createTask, stranger } from "../../support/api/request.ts";
import {
  findFaults,
  finishRun,
  readMessages,
  readRun,
  spokenText,
  startRun,
} from "../../support/api/runs.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { type DatabaseProxy, startDatabaseProxy } from "../../support/database-proxy.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let database: TestDatabase;
let proxy: DatabaseProxy;
let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startDatabaseProxy(database.url);
  server = await startTestServer({ databaseUrl: proxy.url });
  user = await server.createUser();
});
afterAll(async () => {
  await server.close();
  await proxy.close();
  await database.drop();
});

test("while the database is away everything says so, and comes back by itself", async () => {
  const task = await createTask(user);
  await proxy.block();
  const health = await ask<{ status: string }>(stranger(server.url), "GET", "/healthz");
  expect([health.status, health.body.status === "ok"]).toEqual([503, false]);
  for (const [method, path, json] of [
    ["GET", "/v1/tasks"],
    ["GET", `/v1/tasks/${task.task_id}/messages`],
    ["POST", "/v1/tasks", { name: "现在不行" }],
    ["POST", `/v1/tasks/${task.task_id}/messages`, { content: "现在不行" }],
    ["DELETE", `/v1/tasks/${task.task_id}`],
  ] as const) {
    const answer = await ask(user, method, path, json);
    expect([path, answer.status, answer.body.code]).toEqual([path, 503, "unavailable"]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  }
  await proxy.open();
  expect((await ask(stranger(server.url), "GET", "/healthz")).status).toBe(200);
  const run = await finishRun(user, task.task_id, "现在行了");
  expect(run.frames.at(-1)?.event).toBe("done");
  expect(await readMessages(user, task.task_id)).toHaveLength(2);
});

test("a run at work while the database is away loses nothing of what it says", async () => {
  const task = await createTask(user);
  const gate = Promise.withResolvers<void>();
  server.models.script({ parts: [{ text: "断之前" }, { until: gate.promise }, { text: "断之中" }] });
  const run = await startRun(user, task.task_id);
  const events = await openEvents(user, run.eventsUrl);
  await events.until("text");
  const rest = events.all();
  await proxy.block();
  gate.resolve();
  expect((await ask(stranger(server.url), "GET", "/healthz")).status).toBe(503);
  await proxy.open();
  expect(spokenText(await rest)).toBe("断之前断之中");
  expect((await readRun(user, run.eventsUrl)).map(({ raw }) => raw)).toEqual(
    events.frames.map(({ raw }) => raw),
  );
  const messages = await readMessages(user, task.task_id);
  expect(messages.at(-1)?.payload).toEqual({ role: "assistant", content: "断之前断之中" });
  expect(findFaults(messages)).toEqual([]);
});

test("connections that break one by one cost nobody an answer they were promised", async () => {
  const task = await createTask(user);
  for (let round = 0; round < 5; round += 1) {
    const run = await startRun(user, task.task_id, "chat 20 2");
    const reading = readRun(user, run.eventsUrl);
    await database.database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'zcbot' and state = 'idle'`,
    );
    const frames = await reading;
    expect(frames.at(-1)?.event).toBe("done");
    expect(frames.map(({ id }) => id)).toEqual(frames.map((_, index) => index + 1));
  }
  expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
});
