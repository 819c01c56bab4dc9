import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openEvents } from "../../support/api/events.ts";
import { post, readPending } from "../../support/api/pending.ts";
import { ask, createTask, type TaskAnswer } from "../../support/api/request.ts";
import {
  cancelRun,
  findFaults,
  readMessages,
  readRun,
  startHangingRun,
  startRun,
} from "../../support/api/runs.ts";
import { calls, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;
let task: TaskAnswer;

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.models.reset();
  task = await createTask(user, { name: "边做边说" });
});

/** A run whose model says a little and then waits for the gate before it asks for a tool. */
async function startGatedRun() {
  const gate = Promise.withResolvers<void>();
  server.models.script(
    { parts: [{ text: "先看" }, { until: gate.promise }, { toolCall: { name: "list", arguments: "{}" } }] },
    says("按新的做"),
  );
  const run = await startRun(user, task.task_id, "写报告");
  const events = await openEvents(user, run.eventsUrl);
  await events.until("text");
  return { ...run, events, open: gate.resolve };
}

const contents = async () =>
  (await readMessages(user, task.task_id)).map(({ payload }) => [payload.role, payload.content]);
/** What the person has said, as the model was sent it with this request. */
function lastPrompts(index: number): string[] {
  const messages = server.models.requests[index]?.body.messages ?? [];
  return (messages as { role: string; content: string }[])
    .filter(({ role }) => role === "user")
    .map(({ content }) => content);
}

describe("a message that steers", () => {
  test("enters the run at work between two steps, as a message and an event", async () => {
    const run = await startGatedRun();
    const posted = await post(user, task.task_id, "  用表格  ", "steer");
    expect(posted).toMatchObject({ run_id: run.runId, pending_id: expect.any(String) });
    expect(await readPending(user, task.task_id)).toEqual([
      {
        pending_id: posted.pending_id,
        task_id: task.task_id,
        mode: "steer",
        content: "用表格",
        attachments: [],
        model_profile: null,
        created_at: expect.any(String),
      },
    ]);
    run.open();
    const frames = await run.events.all();
    expect(frames.find(({ event }) => event === "steered")?.data).toEqual({
      pending_id: posted.pending_id,
      idx: 3,
      content: "用表格",
    });
    expect(frames.at(-1)?.data).toMatchObject({ status: "ok" });
    expect(await readPending(user, task.task_id)).toEqual([]);
    expect(lastPrompts(1)).toEqual(["写报告", "用表格"]);
    expect((await contents()).slice(3)).toEqual([
      ["user", "用表格"],
      ["assistant", "按新的做"],
    ]);
    expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
  });

  test("that comes while the model says its last word lets the run go on", async () => {
    const gate = Promise.withResolvers<void>();
    server.models.script(
      { parts: [{ text: "做完" }, { until: gate.promise }, { text: "了" }] },
      says("也做了"),
    );
    const run = await startRun(user, task.task_id, "做这个");
    const events = await openEvents(user, run.eventsUrl);
    await events.until("text");
    await post(user, task.task_id, "还有那个", "steer");
    gate.resolve();
    await events.all();
    expect((await contents()).slice(1)).toEqual([
      ["assistant", "做完了"],
      ["user", "还有那个"],
      ["assistant", "也做了"],
    ]);
  });

  test("becomes a run of its own where the run at work ends without it", async () => {
    const run = await startHangingRun(user, task.task_id);
    const posted = await post(user, task.task_id, "换个方向", "steer");
    await cancelRun(user, task.task_id, run.runId);
    const frames = await readRun(user, `/v1/tasks/${task.task_id}/runs/${posted.pending_id}/events`);
    expect(frames.at(-1)?.data).toMatchObject({ status: "ok" });
    expect((await contents()).map(([, content]) => content)).toEqual(["hang", "…", "换个方向", "好的。"]);
  });

  test("starts a run like any other where none is active", async () => {
    const posted = await post(user, task.task_id, "你好", "steer");
    expect(posted).not.toHaveProperty("pending_id");
    expect((await readRun(user, posted.events_url)).at(-1)?.event).toBe("done");
  });
});

describe("a message that queues", () => {
  test("runs after the active one, under the id that it was promised, however early it is watched", async () => {
    const run = await startGatedRun();
    server.models.script(says("第二个"), says("第三个"));
    const second = await post(user, task.task_id, "二", "queue");
    const third = await post(user, task.task_id, "三", "queue");
    expect(second.run_id).toBe(second.pending_id);
    const watching = [second, third].map((posted) => readRun(user, posted.events_url));
    const path = `/v1/tasks/${task.task_id}/runs/${second.run_id}`;
    expect((await ask(user, "GET", path)).body).toMatchObject({ status: "queued", started_at: null });
    const waited = ask(user, "GET", `${path}?wait=60`);
    run.open();
    const ends = (await Promise.all(watching)).map((frames) => frames.at(-1)?.data.status);
    expect(ends).toEqual(["ok", "ok"]);
    expect((await waited).body).toMatchObject({ status: "ok", run_id: second.run_id });
    const users = (await contents()).filter(([role]) => role === "user");
    expect(users.map(([, content]) => content)).toEqual(["写报告", "二", "三"]);
    expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
    const { body } = await ask<{ results: { run_id: string }[] }>(
      user,
      "GET",
      `/v1/tasks/${task.task_id}/runs`,
    );
    expect(body.results.map(({ run_id }) => run_id)).toEqual([third.run_id, second.run_id, run.runId]);
  });

  test("is edited and withdrawn while it waits, and not any more once it was taken up", async () => {
    const run = await startHangingRun(user, task.task_id);
    const [kept, gone] = [
      await post(user, task.task_id, "原来", "queue"),
      await post(user, task.task_id, "不要了", "queue"),
    ];
    const path = (posted: { pending_id?: string }) =>
      `/v1/tasks/${task.task_id}/pending/${posted.pending_id}`;
    const watching = await openEvents(user, gone.events_url);
    expect(await ask(user, "PATCH", path(kept), { content: " 改过 " })).toMatchObject({
      status: 200,
      body: { content: "改过", mode: "queue" },
    });
    expect((await ask(user, "PATCH", path(kept), { content: " " })).body.code).toBe("empty_content");
    expect((await ask(user, "PATCH", path(kept), { mode: null })).body.code).toBe("nothing_to_update");
    expect((await ask(user, "DELETE", path(gone))).status).toBe(204);
    expect(await watching.all()).toEqual([]);
    expect((await ask(user, "GET", path(gone))).body.code).toBe("pending_not_found");
    expect((await ask(user, "GET", gone.events_url)).body.code).toBe("run_not_found");
    await cancelRun(user, task.task_id, run.runId);
    await readRun(user, kept.events_url);
    for (const method of ["GET", "DELETE"]) {
      expect((await ask(user, method, path(kept))).body.code).toBe("pending_not_found");
    }
    const users = (await contents()).filter(([role]) => role === "user");
    expect(users.map(([, content]) => content)).toEqual(["hang", "改过"]);
  });

  test("is withdrawn by a cancel of the run that it would become", async () => {
    const run = await startHangingRun(user, task.task_id);
    const posted = await post(user, task.task_id, "算了", "queue");
    expect((await cancelRun(user, task.task_id, posted.run_id)).status).toBe(202);
    expect(await readPending(user, task.task_id)).toEqual([]);
    await cancelRun(user, task.task_id, run.runId);
  });

  test("goes with its task", async () => {
    await startHangingRun(user, task.task_id);
    const posted = await post(user, task.task_id, "等着", "queue");
    const events = await openEvents(user, posted.events_url);
    expect((await ask(user, "DELETE", `/v1/tasks/${task.task_id}`)).status).toBe(204);
    expect(await events.all()).toEqual([]);
  });

  test("is refused when a hundred wait already", async () => {
    await startHangingRun(user, task.task_id);
    for (let count = 0; count < 100; count += 1) await post(user, task.task_id, `第 ${count}`, "queue");
    const more = { content: "太多", mode: "queue" };
    const refused = await ask(user, "POST", `/v1/tasks/${task.task_id}/messages`, more);
    expect(refused).toMatchObject({ status: 409, body: { code: "pending_full" } });
    expect((await readPending(user, task.task_id)).map(({ content }) => content)[99]).toBe("第 99");
    await ask(user, "DELETE", `/v1/tasks/${task.task_id}`);
  });
});

describe("a message that interrupts", () => {
  test("stops the run at work, keeps what it said, and comes before what waits", async () => {
    const run = await startHangingRun(user, task.task_id);
    const queued = await post(user, task.task_id, "排队的", "queue");
    const posted = await post(user, task.task_id, "马上", "interrupt");
    expect((await run.events.all()).slice(-2).map(({ event }) => event)).toEqual(["cancelled", "done"]);
    await Promise.all([readRun(user, posted.events_url), readRun(user, queued.events_url)]);
    expect((await contents()).map(([, content]) => content)).toEqual([
      "hang",
      "…",
      "马上",
      "好的。",
      "排队的",
      "好的。",
    ]);
  });

  test("kills the command that the run has at work", async () => {
    server.models.script(calls("bash", { command: "echo 开始; sleep 1000" }), says("好"));
    const run = await startRun(user, task.task_id, "慢慢来");
    const events = await openEvents(user, run.eventsUrl);
    await events.until("tool_output");
    const posted = await post(user, task.task_id, "别做了", "interrupt");
    expect((await events.all()).at(-1)?.data).toMatchObject({ status: "cancelled" });
    expect((await readRun(user, posted.events_url)).at(-1)?.data).toMatchObject({ status: "ok" });
    expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
  });
});

test("a mode that does not exist is refused with the list of faults", async () => {
  const answer = await ask(user, "POST", `/v1/tasks/${task.task_id}/messages`, { content: "好", mode: "快" });
  expect(answer).toMatchObject({ status: 422, body: { detail: [{ loc: ["body", "mode"] }] } });
});
