import { afterAll, beforeAll, expect, test } from "vitest";
import { openEvents } from "../../support/api/events.ts";
import { ask, createTask, stranger } from "../../support/api/request.ts";
import {
  cancelRun,
  findFaults,
  readMessages,
  readStatus,
  startHangingRun,
  startRun,
} from "../../support/api/runs.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

/** A worker with one place, and a server that only takes requests. */
let database: TestDatabase;
let worker: TestServer;
let front: TestServer;
let user: TestUser;
/** The same user at the worker's own API. */
let near: Pick<TestUser, "fetch">;

beforeAll(async () => {
  database = await createTestDatabase();
  worker = await startTestServer({ databaseUrl: database.url, runs: 1 });
  front = await startTestServer({ databaseUrl: database.url, role: "api" });
  user = await front.createUser();
  near = stranger(worker.url, { Authorization: `Bearer ${user.token}` });
});
afterAll(async () => {
  await front.close();
  await worker.close();
  await database.drop();
});

test.for(["near", "far"])(
  "a run that waits is cancelled though no place is free, %s the worker",
  async (where) => {
    const who = where === "near" ? near : user;
    const [busy, waiting] = [await createTask(user), await createTask(user)];
    const atWork = await startHangingRun(user, busy.task_id);
    const run = await startRun(who, waiting.task_id);
    const events = await openEvents(who, run.eventsUrl);
    expect(await readStatus(who, waiting.task_id)).toBe("queued");
    expect((await cancelRun(who, waiting.task_id, run.runId)).status).toBe(202);
    const told = (await events.all()).map(({ event }) => event).filter((event) => event !== "queued");
    expect(told).toEqual(["run_start", "cancelled", "done"]);
    expect(await readStatus(user, busy.task_id)).toBe("running");
    await cancelRun(user, busy.task_id, atWork.runId);
    await atWork.events.all();
    expect(findFaults(await readMessages(user, waiting.task_id))).toEqual([]);
  },
);

test("runs that wait are all executed, in the order they came, as places become free", async () => {
  worker.models.reset();
  const busy = await createTask(user);
  const atWork = await startHangingRun(user, busy.task_id);
  const names = ["甲", "乙", "丙", "丁"];
  const ends = [];
  for (const name of names) {
    const task = await createTask(user, { name });
    const run = await startRun(user, task.task_id, `chat 3 1\n${name}`);
    ends.push(openEvents(user, run.eventsUrl).then((events) => events.all()));
  }
  await cancelRun(user, busy.task_id, atWork.runId);
  for (const frames of await Promise.all(ends)) expect(frames.at(-1)?.event).toBe("done");
  const asked = worker.models.requests.slice(1).map(({ body }) => {
    const messages = body.messages as { content: string }[];
    return messages.at(-1)?.content.split("\n")[1];
  });
  expect(asked).toEqual(names);
});

test("a task whose run waits is deleted with it", async () => {
  const [busy, waiting] = [await createTask(user), await createTask(user)];
  const atWork = await startHangingRun(user, busy.task_id);
  const events = await openEvents(user, (await startRun(user, waiting.task_id)).eventsUrl);
  expect((await ask(user, "DELETE", `/v1/tasks/${waiting.task_id}`)).status).toBe(204);
  const told = (await events.all()).map(({ event }) => event).filter((event) => event !== "queued");
  expect(told).toEqual(["run_start", "cancelled", "done"]);
  await cancelRun(user, busy.task_id, atWork.runId);
});
