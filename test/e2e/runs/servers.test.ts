import { afterAll, beforeAll, expect, test } from "vitest";
import { type Frame, openEvents } from "../../support/api/events.ts";
import { ask, createTask, stranger } from "../../support/api/request.ts";
import {
  cancelRun,
  findFaults,
  readMessages,
  readRun,
  startHangingRun,
  startRun,
} from "../../support/api/runs.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

/** Two servers on one database, each with a data folder of its own; runs are posted to the first. */
let database: TestDatabase;
let first: TestServer;
let second: TestServer;
let user: TestUser;
/** The same user at the second server. */
let elsewhere: Pick<TestUser, "fetch">;

beforeAll(async () => {
  database = await createTestDatabase();
  first = await startTestServer({ databaseUrl: database.url });
  second = await startTestServer({ databaseUrl: database.url });
  user = await first.createUser();
  elsewhere = at(second, user);
});
afterAll(async () => {
  await second.close();
  await first.close();
  await database.drop();
});

const at = (server: TestServer, who: TestUser) =>
  stranger(server.url, { Authorization: `Bearer ${who.token}` });
const raws = (frames: Frame[]) => frames.map(({ raw }) => raw);

test("a token of one server is good at the other", async () => {
  expect((await ask(elsewhere, "GET", "/v1/tasks")).status).toBe(200);
});

test("a watcher at another server sees a run while it is at work", async () => {
  const task = await createTask(user);
  const run = await startHangingRun(user, task.task_id);
  const watcher = await openEvents(elsewhere, run.eventsUrl);
  expect((await watcher.until("text")).data).toEqual({ text: "…" });
  expect((await cancelRun(user, task.task_id, run.runId)).status).toBe(202);
  expect(raws(await watcher.all())).toEqual(raws(await run.events.all()));
});

test("watchers at both servers see the same, from wherever they begin", async () => {
  const task = await createTask(user);
  for (let round = 0; round < 5; round += 1) {
    const run = await startRun(user, task.task_id, "chat 40 3");
    const after = round * 3;
    const [here, there, late] = await Promise.all([
      readRun(user, run.eventsUrl),
      readRun(elsewhere, run.eventsUrl),
      openEvents(elsewhere, run.eventsUrl, { lastEventId: after }).then((events) => events.all()),
    ]);
    expect(raws(there)).toEqual(raws(here));
    expect(raws(late)).toEqual(raws(here.slice(after)));
    expect(here.at(-1)?.event).toBe("done");
  }
});

test("a run is cancelled from another server", async () => {
  const task = await createTask(user);
  const run = await startHangingRun(user, task.task_id);
  expect((await cancelRun(elsewhere, task.task_id, run.runId)).status).toBe(202);
  expect((await cancelRun(user, task.task_id, run.runId)).status).toBe(409);
  expect((await run.events.all()).slice(-2).map(({ event }) => event)).toEqual(["cancelled", "done"]);
});

test("another server refuses a message while the run is active, and takes it after the end", async () => {
  const task = await createTask(user);
  const run = await startHangingRun(user, task.task_id);
  const refused = await ask(elsewhere, "POST", `/v1/tasks/${task.task_id}/messages`, { content: "好" });
  expect(refused).toMatchObject({ status: 409, body: { code: "run_active" } });
  const watcher = await openEvents(elsewhere, run.eventsUrl);
  await cancelRun(user, task.task_id, run.runId);
  await watcher.until("done");
  const next = await startRun(elsewhere, task.task_id);
  expect((await readRun(user, next.eventsUrl)).at(-1)?.event).toBe("done");
});

test("deleting a task at another server ends its run and all streams", async () => {
  const task = await createTask(user);
  const run = await startHangingRun(user, task.task_id);
  const watcher = await openEvents(elsewhere, run.eventsUrl);
  await watcher.until("text");
  const answer = await elsewhere.fetch(`/v1/tasks/${task.task_id}`, { method: "DELETE" });
  expect(answer.status).toBe(204);
  await Promise.all([run.events.all(), watcher.all()]);
  expect((await ask(user, "GET", `/v1/tasks/${task.task_id}`)).status).toBe(404);
});

test("a server that goes hands its runs over, which watchers elsewhere see", async () => {
  const leaving = await startTestServer({ databaseUrl: database.url });
  const there = at(leaving, user);
  const task = await createTask(user);
  const run = await startHangingRun(there, task.task_id);
  const watcher = await openEvents(user, run.eventsUrl);
  await watcher.until("text");
  const says = "在别处说完";
  for (const server of [first, second]) server.models.handle(() => ({ parts: [{ text: says }] }));
  await leaving.close();
  const frames = await watcher.all();
  expect(frames.find(({ event }) => event === "resumed")?.data).toEqual({
    step: 1,
    reason: "server_stopped",
  });
  expect(frames.at(-1)).toMatchObject({ event: "done", data: { status: "ok" } });
  const messages = await readMessages(user, task.task_id);
  expect(messages.at(-1)?.payload).toEqual({ role: "assistant", content: says });
  expect(findFaults(messages)).toEqual([]);
  for (const server of [first, second]) server.models.reset();
});

test("a watcher who comes before anybody works on the run sees all of it", async () => {
  const own = await createTestDatabase();
  const api = await startTestServer({ databaseUrl: own.url, role: "api" });
  const early = await api.createUser();
  const [task, cancelled] = [await createTask(early), await createTask(early, { name: "等不及" })];
  const waiting = await startRun(early, task.task_id);
  const events = await openEvents(early, waiting.eventsUrl);
  const given = await startRun(early, cancelled.task_id);
  expect((await ask(early, "POST", `/v1/tasks/${task.task_id}/messages`, { content: "二" })).status).toBe(
    409,
  );
  expect((await cancelRun(early, cancelled.task_id, given.runId)).status).toBe(202);
  expect((await cancelRun(early, cancelled.task_id, given.runId)).status).toBe(409);

  const worker = await startTestServer({ databaseUrl: own.url, role: "worker" });
  const frames = await events.all();
  const told = (of: Frame[]) => of.map(({ event }) => event).filter((event) => event !== "queued");
  expect(told(frames)).toEqual(["run_start", "llm_start", "text", "usage", "llm_end", "done"]);
  const end = await readRun(early, given.eventsUrl);
  expect(told(end)).toEqual(["run_start", "cancelled", "done"]);
  expect(worker.models.requests).toHaveLength(1);
  await worker.close();
  await api.close();
  await own.drop();
});
