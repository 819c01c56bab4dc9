import { afterEach, expect, test } from "vitest";
import { openEvents } from "../../support/api/events.ts";
import { ask, createTask } from "../../support/api/request.ts";
import { cancelRun, readStatus, startHangingRun, startRun } from "../../support/api/runs.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
afterEach(() => server.close());

/** Starts runs of a user's that say their name to the model and end at once. */
async function startMany(user: TestUser, count: number, name: string) {
  const ends = [];
  for (let index = 1; index <= count; index += 1) {
    const task = await createTask(user, { name: `${name} ${index}` });
    const events = await openEvents(user, (await startRun(user, task.task_id, `${name}${index}`)).eventsUrl);
    ends.push(events.all());
  }
  return ends;
}

test("waiting runs are taken in turn by user, and each user's in order", async () => {
  server = await startTestServer({ runs: 1 });
  const [greedy, modest, late] = [
    await server.createUser(),
    await server.createUser(),
    await server.createUser(),
  ];
  const busy = await createTask(late);
  const atWork = await startHangingRun(late, busy.task_id);
  const ends = [
    ...(await startMany(greedy, 20, "多")),
    ...(await startMany(modest, 2, "少")),
    ...(await startMany(late, 1, "晚")),
  ];
  await cancelRun(late, busy.task_id, atWork.runId);
  await Promise.all(ends);
  const order = server.models.requests.slice(1).map(({ body }) => {
    const messages = body.messages as { content: string }[];
    return messages.at(-1)?.content;
  });
  expect(order.slice(0, 6)).toEqual(["多1", "少1", "晚1", "多2", "少2", "多3"]);
  expect(order.filter((name) => name?.startsWith("多"))).toEqual(
    Array.from({ length: 20 }, (_, index) => `多${index + 1}`),
  );
});

test("no more of one user's runs are at work than their limit; others are not kept waiting by it", async () => {
  server = await startTestServer({ runs: 10, userRuns: 2 });
  const [user, other] = [await server.createUser(), await server.createUser()];
  const runs = [];
  for (let index = 0; index < 2; index += 1) {
    const task = await createTask(user);
    runs.push({ task, ...(await startHangingRun(user, task.task_id)) });
  }
  const third = await createTask(user);
  const waiting = await openEvents(user, (await startRun(user, third.task_id)).eventsUrl);
  expect((await waiting.until("queued")).data).toEqual({ position: 1 });
  expect(await readStatus(user, third.task_id)).toBe("queued");
  const free = await createTask(other);
  const beside = await openEvents(other, (await startRun(other, free.task_id)).eventsUrl);
  expect((await beside.all()).at(-1)?.event).toBe("done");
  expect(await readStatus(user, third.task_id)).toBe("queued");
  const [one] = runs;
  if (one) await cancelRun(user, one.task.task_id, one.runId);
  expect((await waiting.all()).at(-1)?.event).toBe("done");
});

test("a waiting run is told its position, and again as it moves up", async () => {
  server = await startTestServer({ runs: 1 });
  const user = await server.createUser();
  const busy = await createTask(user);
  const atWork = await startHangingRun(user, busy.task_id);
  const readers = [];
  for (let index = 1; index <= 3; index += 1) {
    const task = await createTask(user);
    const events = await openEvents(user, (await startRun(user, task.task_id, "hang")).eventsUrl);
    expect((await events.until("queued")).data).toEqual({ position: index });
    readers.push({ task, events });
  }
  await cancelRun(user, busy.task_id, atWork.runId);
  const [first, second, last] = readers;
  expect((await second?.events.until("queued"))?.data).toEqual({ position: 1 });
  expect((await last?.events.until("queued"))?.data).toEqual({ position: 2 });
  await first?.events.until("text");
  const path = `/v1/tasks/${last?.task.task_id}`;
  expect((await ask(user, "DELETE", path)).status).toBe(204);
  await last?.events.all();
});
