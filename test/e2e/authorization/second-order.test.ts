import { afterAll, beforeAll, expect, test } from "vitest";
import { type EventReader, openEvents } from "../../support/api/events.ts";
import type { Posted } from "../../support/api/pending.ts";
import { ask, createTask, type TaskAnswer } from "../../support/api/request.ts";
import { finishRun, readMessages } from "../../support/api/runs.ts";
import type { TestUser } from "../../support/server.ts";
import { make, missingIds } from "./belongings.ts";
import { bearer } from "./credentials.ts";
import { expectNoChange, type Person, startWorld, type World } from "./world.ts";

// What is named elsewhere than in the address: in bodies, in headers, in streams and lists.

let world: World;
let owner: Person;
let thief: Person;

beforeAll(async () => {
  world = await startWorld();
  owner = await world.createPerson();
  thief = await world.createPerson();
});
afterAll(() => world.close());

test("an answer to another run's question is one to a missing question", async () => {
  await expectNoChange(world, async () => {
    const answers = [];
    for (const { request_id } of [missingIds(), owner.things.asking, thief.others.asking]) {
      const ids = { ...thief.things.asking, request_id };
      answers.push(await world.call("answerRun", ids, bearer(thief.user.token)));
    }
    expect(answers[0]).toMatchObject({ status: 404, code: "request_not_found" });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });
});

test("an Idempotency-Key is its user's own", async () => {
  const post = async (user: TestUser, taskId: string) => {
    const init = {
      method: "POST",
      headers: { "Idempotency-Key": "one-key" },
      json: { content: "同样的话" },
    };
    const response = await user.fetch(`/v1/tasks/${taskId}/messages`, init);
    return { status: response.status, body: (await response.json()) as Posted & { code?: string } };
  };
  const task = await createTask(owner.user, { name: "机密的钥匙" });
  const own = await createTask(thief.user, { name: "自己的钥匙" });
  const first = await post(owner.user, task.task_id);
  expect(await post(thief.user, task.task_id)).toMatchObject({
    status: 404,
    body: { code: "task_not_found" },
  });
  const second = await post(thief.user, own.task_id);
  expect([first.status, second.status]).toEqual([202, 202]);
  expect(second.body.run_id).not.toBe(first.body.run_id);
  expect(second.body.events_url).toContain(own.task_id);
  expect(await post(owner.user, task.task_id)).toEqual(first);
});

test("the working directory of a new task is one's own, whatever it is called", async () => {
  const { userId } = owner.user;
  for (const working_dir of [
    `../${userId}/机密目录`,
    `${userId}/机密目录`,
    `..`,
    `/${userId}`,
    `..\\${userId}`,
  ]) {
    const answer = await ask(thief.user, "POST", "/v1/tasks", { name: "借用", working_dir });
    expect([working_dir, answer.status, answer.body.code]).toEqual([working_dir, 400, "invalid_name"]);
  }
  for (const working_dir of ["机密目录二", userId]) {
    await ask(owner.user, "POST", "/v1/tasks", { name: "机密", working_dir });
    const task = await createTask(thief.user, { name: "借用", working_dir });
    expect(task.working_dir).toBe(`workspace/users/${thief.user.userId}/${working_dir}`);
  }
});

test("a fork holds nothing but the conversation it was made from", async () => {
  const fork = await ask<TaskAnswer>(thief.user, "POST", `/v1/tasks/${thief.things.ended.task_id}/fork`, {
    from_idx: 0,
    task_id: owner.things.ended.task_id,
    user_id: owner.user.userId,
    working_dir: `../${owner.user.userId}`,
  });
  expect(fork.status).toBe(201);
  expect(fork.text).not.toContain(owner.user.userId);
  expect(await readMessages(thief.user, fork.body.task_id)).toEqual(
    (await readMessages(thief.user, thief.things.ended.task_id)).slice(0, 1),
  );
});

test("fields that name another owner are ignored", async () => {
  const more = { user_id: owner.user.userId, task_id: owner.things.ended.task_id, scope: "cli" };
  const task = await ask<TaskAnswer>(thief.user, "POST", "/v1/tasks", { name: "冒名", ...more });
  expect(task.status).toBe(201);
  expect((await ask(thief.user, "GET", `/v1/tasks/${task.body.task_id}`)).status).toBe(200);
  expect((await ask(owner.user, "GET", `/v1/tasks/${task.body.task_id}`)).status).toBe(404);
  const reopened = await ask(thief.user, "PATCH", `/v1/tasks/${task.body.task_id}`, {
    status: "active",
    ...more,
  });
  expect(reopened.body.code).toBe("invalid_status");
});

test("lists show nobody else's things", async () => {
  const user = await world.server.createUser();
  const own = await createTask(user, { name: "自己的" });
  const { working_dir } = (
    await ask<TaskAnswer>(owner.user, "GET", `/v1/tasks/${owner.things.ended.task_id}`)
  ).body;
  const filters = [
    "",
    "?q=机密",
    "?page_size=100",
    `?working_dir=${encodeURIComponent(working_dir)}`,
    "?q=%25",
  ];
  for (const path of [...filters.map((filter) => `/v1/tasks${filter}`), "/v1/folders", "/v1/files"]) {
    expect((await ask(user, "GET", path)).text).not.toContain("机密");
  }
  expect((await ask<{ count: number }>(user, "GET", "/v1/tasks")).body.count).toBe(1);
  expect(
    (await ask<{ results: unknown[] }>(user, "GET", `/v1/tasks/${own.task_id}/runs`)).body.results,
  ).toEqual([]);
});

/** The places where a stream of the owner's stands, as a thief may have seen them. */
async function cursorsOf(events: EventReader, count: number): Promise<string[]> {
  while (events.frames.length < count && (await events.next()));
  events.close();
  return events.frames.map(({ cursor }) => cursor);
}

test("a cursor of somebody else's stream opens nothing of it", async () => {
  const { task_id } = owner.things.ended;
  const task = await createTask(thief.user, { name: "自己的流" });
  const { runId } = await finishRun(thief.user, task.task_id);
  const ofTask = await cursorsOf(await openEvents(owner.user, `/v1/tasks/${task_id}/events`), 3);
  for (const lastEventId of [...ofTask, "0-0", "999999999-1"]) {
    const events = await openEvents(thief.user, `/v1/tasks/${task.task_id}/events`, { lastEventId });
    const next = await finishRun(thief.user, task.task_id);
    const isNext = ({ data }: { data: Record<string, unknown> }) => data.run_id === next.runId;
    if (lastEventId !== "999999999-1") await events.until("done", isNext);
    events.close();
    expect(events.received()).not.toContain(owner.things.ended.run_id);
  }
  expect(runId).not.toBe(owner.things.ended.run_id);
});

test("the stream of a user tells of no other's tasks, whatever cursor it is opened with", async () => {
  const opened = await openEvents(owner.user, "/v1/events", { after: 0 });
  const [cursor = ""] = await cursorsOf(opened, 1);
  for (const after of [cursor, "0", "9999999999999999"]) {
    const events = await openEvents(thief.user, "/v1/events", { after });
    await events.until("ready");
    const gone = await make(owner.user, "ended");
    await ask(owner.user, "DELETE", `/v1/tasks/${gone.task_id}`);
    const task = await createTask(thief.user, { name: `自己的 ${after}` });
    await events.until("task", ({ data }) => data.task_id === task.task_id);
    events.close();
    for (const id of [gone.task_id, owner.things.ended.task_id]) expect(events.received()).not.toContain(id);
  }
});
