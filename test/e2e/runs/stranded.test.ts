import { afterAll, beforeAll, expect, test } from "vitest";
import { openEvents } from "../../support/api/events.ts";
import { ask, createTask, type TaskAnswer } from "../../support/api/request.ts";
import {
  findFaults,
  finishRun,
  readMessages,
  readRun,
  readStatus,
  startRun,
} from "../../support/api/runs.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { startDatabaseProxy } from "../../support/database-proxy.ts";
import { calls, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

/** Runs that a living server has the lease of and yet does not, or cannot, go on with. */
let database: TestDatabase;
let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({ databaseUrl: database.url, attempts: 2 });
  user = await server.createUser();
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

test("a run whose lease the server was never told of is gone on with", async () => {
  const task = await createTask(user);
  const lost = await finishRun(user, task.task_id);
  await database.database.pool.query(
    `with reopened as (delete from events where run_id = $1 and type = 'done')
     update runs set status = 'running', lease_owner = (select server_id from servers) where run_id = $1`,
    [lost.runId],
  );
  const frames = await readRun(user, lost.eventsUrl);
  // Its answer had been stored: only its end was missing.
  expect(frames.slice(-2).map(({ event }) => event)).toEqual(["resumed", "done"]);
  expect(await readStatus(user, task.task_id)).toBe("ok");
  expect((await finishRun(user, task.task_id)).frames.at(-1)?.event).toBe("done");
});

test("a run whose words cannot be stored is ended; numbering, other runs and what it has cost stay right", async () => {
  await database.database.pool.query(
    "alter table events add constraint no_poison check (data not like '%毒%')",
  );
  const [task, other] = [await createTask(user), await createTask(user)];
  const healthy = await openEvents(user, (await startRun(user, other.task_id, "chat 100 5")).eventsUrl);
  await healthy.until("text");
  const firstStep = Promise.withResolvers<void>();
  server.models.script(
    { ...calls("list", { path: "" }), usage: { input: 100, output: 7 } },
    { parts: [{ until: firstStep.promise }, { text: "毒" }], usage: { input: 9, output: 9 } },
    { parts: [{ text: "还是毒" }] },
  );
  const events = await openEvents(user, (await startRun(user, task.task_id)).eventsUrl);
  // What shares a flush with the poison is lost with it: the first step has to be committed before.
  await events.until("tool_result");
  firstStep.resolve();
  const [frames, others] = await Promise.all([events.all(), healthy.all()]);
  expect(frames.at(-1)).toMatchObject({ event: "error", data: { code: "crashed_repeatedly" } });
  expect(frames.map(({ id }) => id)).toEqual(frames.map((_, index) => index + 1));
  expect(others.at(-1)?.event).toBe("done");
  expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
  const { body } = await ask<TaskAnswer>(user, "GET", `/v1/tasks/${task.task_id}`);
  expect(body).toMatchObject({ tokens_prompt: 100, tokens_completion: 7 });
  expect((await finishRun(user, task.task_id)).frames.at(-1)?.event).toBe("done");
});

test("a model's arguments, however deep, are only a call that failed", async () => {
  const task = await createTask(user);
  const deep = `{"path":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
  server.models.script(calls("read", deep), says("好"));
  const { frames } = await finishRun(user, task.task_id);
  expect(frames.find(({ event }) => event === "tool_call")?.data.arguments).toBe(deep);
  expect(frames.find(({ event }) => event === "tool_result")?.data.is_error).toBe(true);
  expect(frames.at(-1)).toMatchObject({ event: "done", data: { status: "ok" } });
});

test.for([
  [
    { input: 3e9, output: 12.5 },
    { tokens_in: 2_147_483_647, tokens_out: 13 },
  ],
  [
    { input: -4, output: 1e300 },
    { tokens_in: 0, tokens_out: 2_147_483_647 },
  ],
])("usage that is no count of tokens is made one: %o", async ([usage, counted]) => {
  const task = await createTask(user);
  server.models.script({ ...says("好"), usage: usage as { input: number; output: number } });
  const { frames } = await finishRun(user, task.task_id);
  expect(frames.at(-1)).toMatchObject({ event: "done", data: { status: "ok", ...counted } });
});

test("a server closes with runs at work although its database is gone", async () => {
  const proxy = await startDatabaseProxy(database.url);
  const closing = await startTestServer({ databaseUrl: proxy.url });
  const someone = await closing.createUser();
  const task = await createTask(someone);
  const run = await startRun(someone, task.task_id, "hang");
  const events = await openEvents(someone, run.eventsUrl);
  await events.until("text");
  await proxy.block();
  await closing.close();
  expect((await events.all()).at(-1)?.event).toBe("text");
});
