import { afterAll, beforeAll, expect, test } from "vitest";
import { type EventReader, type Frame, openEvents } from "../../support/api/events.ts";
import { post } from "../../support/api/pending.ts";
import { ask, createTask, stranger, type TaskAnswer } from "../../support/api/request.ts";
import { cancelRun, finishRun, readRun, startHangingRun, startRun } from "../../support/api/runs.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

/** Two servers on one database; runs are posted to the first and watched at both. */
let database: TestDatabase;
let first: TestServer;
let second: TestServer;
let user: TestUser;
let elsewhere: Pick<TestUser, "fetch">;

beforeAll(async () => {
  database = await createTestDatabase();
  first = await startTestServer({ databaseUrl: database.url });
  second = await startTestServer({ databaseUrl: database.url });
  user = await first.createUser();
  elsewhere = stranger(second.url, { Authorization: `Bearer ${user.token}` });
});
afterAll(async () => {
  await second.close();
  await first.close();
  await database.drop();
});

const eventsOf = (task: TaskAnswer) => `/v1/tasks/${task.task_id}/events`;

/** What a task's stream has to say of a run: its frames, with the run's id. */
function asOfTask(frames: Frame[], runId: string) {
  return frames.map(({ event, data }) => ({ event, data: { run_id: runId, ...data } }));
}

async function take(events: EventReader, count: number): Promise<Frame[]> {
  while (events.frames.length < count) if (!(await events.next())) break;
  return events.frames.slice(0, count);
}

test("a task's stream tells all its runs, those before and those to come, at every server", async () => {
  const task = await createTask(user);
  const before = await finishRun(user, task.task_id, "chat 5 1");
  const [here, there] = [await openEvents(user, eventsOf(task)), await openEvents(elsewhere, eventsOf(task))];
  const during = await startRun(user, task.task_id, "chat 20 3");
  const queued = await post(elsewhere, task.task_id, "chat 3 1", "queue");
  const expected = [
    ...asOfTask(before.frames, before.runId),
    ...asOfTask(await readRun(user, during.eventsUrl), during.runId),
    ...asOfTask(await readRun(user, queued.events_url), queued.run_id),
  ];
  for (const events of [here, there]) {
    const frames = await take(events, expected.length);
    expect(frames.map(({ event, data }) => ({ event, data }))).toEqual(expected);
    expect(new Set(frames.map(({ cursor }) => cursor)).size).toBe(expected.length);
    events.close();
  }
});

test("a task's stream goes on behind any of its events, wherever it is asked", async () => {
  const task = await createTask(user);
  const runs = [
    await finishRun(user, task.task_id, "chat 3 1"),
    await finishRun(user, task.task_id, "chat 2 1"),
  ];
  const whole = await openEvents(user, eventsOf(task));
  const frames = await take(whole, runs.flatMap((run) => run.frames).length);
  whole.close();
  for (const [index, frame] of frames.entries()) {
    const resume = index % 2 === 0 ? { lastEventId: frame.cursor } : { after: frame.cursor };
    const rest = await openEvents(index % 3 === 0 ? elsewhere : user, eventsOf(task), resume);
    const raws = (await take(rest, frames.length - index - 1)).map(({ raw }) => raw);
    expect(raws).toEqual(frames.slice(index + 1).map(({ raw }) => raw));
    rest.close();
  }
});

test("a task's stream ends with the task", async () => {
  const task = await createTask(user);
  const events = await openEvents(elsewhere, eventsOf(task));
  await finishRun(user, task.task_id);
  expect((await ask(user, "DELETE", `/v1/tasks/${task.task_id}`)).status).toBe(204);
  await events.all();
});

/** Reads on until the state of a task is as wanted. */
function untilTask(events: EventReader, task: TaskAnswer, wanted: Record<string, unknown>) {
  return events.until("task", ({ data }) => {
    if (data.task_id !== task.task_id) return false;
    const { run, ...fields } = wanted;
    const status = (data.run as { status: string } | null)?.status;
    return (
      Object.entries(fields).every(([key, value]) => data[key] === value) &&
      (run === undefined || run === status)
    );
  });
}

test("a user's stream tells what becomes of every task, and of nobody else's", async () => {
  const [here, there] = [await openEvents(user, "/v1/events"), await openEvents(elsewhere, "/v1/events")];
  const other = await first.createUser();
  const theirs = await openEvents(other, "/v1/events");
  for (const events of [here, there, theirs]) await events.until("ready");
  const task = await createTask(user, { name: "有变化" });
  for (const events of [here, there]) await untilTask(events, task, { name: "有变化", n_messages: 0 });
  const run = await startHangingRun(user, task.task_id);
  for (const events of [here, there]) await untilTask(events, task, { run: "running" });
  await post(user, task.task_id, "等", "queue");
  for (const events of [here, there]) await untilTask(events, task, { n_pending: 1 });
  await cancelRun(user, task.task_id, run.runId);
  for (const events of [here, there]) await untilTask(events, task, { n_pending: 0, run: "ok" });
  await ask(user, "PATCH", `/v1/tasks/${task.task_id}`, { name: "改名" });
  for (const events of [here, there]) await untilTask(events, task, { name: "改名" });
  await ask(user, "DELETE", `/v1/tasks/${task.task_id}`);
  for (const events of [here, there]) {
    await events.until("task_deleted", ({ data }) => data.task_id === task.task_id);
    events.close();
  }
  const own = await createTask(other, { name: "别人的" });
  await untilTask(theirs, own, { name: "别人的" });
  const told = theirs.frames.filter(({ event }) => event === "task");
  expect(new Set(told.map(({ data }) => data.task_id))).toEqual(new Set([own.task_id]));
  theirs.close();
});

test("a user's stream that was away is told the states of what has changed meanwhile", async () => {
  const before = await openEvents(user, "/v1/events");
  const ready = await before.until("ready");
  before.close();
  const [changed, deleted] = [await createTask(user), await createTask(user)];
  await finishRun(user, changed.task_id);
  await ask(user, "DELETE", `/v1/tasks/${deleted.task_id}`);
  const after = await openEvents(elsewhere, "/v1/events", { lastEventId: ready.cursor });
  await untilTask(after, changed, { run: "ok", n_messages: 2 });
  await after.until("task_deleted", ({ data }) => data.task_id === deleted.task_id);
  after.close();
});
