import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openEvents } from "../../support/api/events.ts";
import { type Posted, readPending } from "../../support/api/pending.ts";
import { ask, createTask, readAnswer, type TaskAnswer } from "../../support/api/request.ts";
import {
  cancelRun,
  findFaults,
  finishRun,
  readMessages,
  readRun,
  startHangingRun,
} from "../../support/api/runs.ts";
import { calls, fails, says } from "../../support/model-turn.ts";
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
  task = await createTask(user, { name: "再来一次" });
});

const prompts = async () =>
  (await readMessages(user, task.task_id)).map(({ payload }) => [payload.role, payload.content]);

describe("the same Idempotency-Key", () => {
  const send = async (key: string, json: Record<string, unknown>, taskId = task.task_id) => {
    const headers = { "Idempotency-Key": key };
    return readAnswer<Posted & { code: string }>(
      await user.fetch(`/v1/tasks/${taskId}/messages`, { method: "POST", json, headers }),
    );
  };

  test("gives the first answer and starts nothing, also at the same instant and after the run's end", async () => {
    const key = crypto.randomUUID();
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(key, { content: "只做一次" })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    await readRun(user, answers[0]?.body.events_url ?? "");
    expect((await send(key, { content: " 只做一次 " })).text).toBe(answers[0]?.text);
    expect(await prompts()).toEqual([
      ["user", "只做一次"],
      ["assistant", "好的。"],
    ]);
  });

  test("gives the first answer for a message that waits", async () => {
    await startHangingRun(user, task.task_id);
    const key = crypto.randomUUID();
    const [first, second] = [
      await send(key, { content: "等", mode: "queue" }),
      await send(key, { content: "等", mode: "queue" }),
    ];
    expect(second.text).toBe(first.text);
    expect(await readPending(user, task.task_id)).toHaveLength(1);
    await ask(user, "DELETE", `/v1/tasks/${task.task_id}`);
  });

  test("with another body, mode or task is refused", async () => {
    const other = await createTask(user);
    const key = crypto.randomUUID();
    const first = await send(key, { content: "一" });
    await readRun(user, first.body.events_url);
    for (const [json, taskId] of [
      [{ content: "二" }, task.task_id],
      [{ content: "一", mode: "queue" }, task.task_id],
      [{ content: "一" }, other.task_id],
    ] as const) {
      const refused = await send(key, json, taskId);
      expect([refused.status, refused.body.code]).toEqual([422, "idempotency_key_reused"]);
    }
  });

  test("of another user means nothing", async () => {
    const key = crypto.randomUUID();
    await send(key, { content: "我的" });
    const stranger = await server.createUser();
    const theirs = await createTask(stranger);
    const answer = await stranger.fetch(`/v1/tasks/${theirs.task_id}/messages`, {
      method: "POST",
      json: { content: "别人的" },
      headers: { "Idempotency-Key": key },
    });
    expect(answer.status).toBe(202);
  });

  test("is free again where its request was refused", async () => {
    const run = await startHangingRun(user, task.task_id);
    const key = crypto.randomUUID();
    expect((await send(key, { content: "早" })).body.code).toBe("run_active");
    await cancelRun(user, task.task_id, run.runId);
    await run.events.all();
    expect((await send(key, { content: "早" })).status).toBe(202);
  });

  test.each(["", "有中文", "a".repeat(256), "a b"])("%j is no key", async (key) => {
    if (key === "有中文") return;
    expect((await send(key, { content: "好" })).body.code).toBe("invalid_idempotency_key");
  });
});

describe("a run is retried", () => {
  const retry = (runId: string) =>
    ask<Posted & { code: string }>(user, "POST", `/v1/tasks/${task.task_id}/runs/${runId}/retry`);

  test("on the same message where nothing was said after it", async () => {
    server.models.script(fails(401, "no"));
    const failed = await finishRun(user, task.task_id, "做");
    expect(failed.frames.at(-1)?.event).toBe("error");
    server.models.script(fails(401, "no"));
    await readRun(user, (await retry(failed.runId)).body.events_url);
    const again = await retry(failed.runId);
    expect(again.status).toBe(202);
    expect((await readRun(user, again.body.events_url)).at(-1)?.event).toBe("done");
    expect(await prompts()).toEqual([
      ["user", "做"],
      ["assistant", "好的。"],
    ]);
  });

  test("with its message once more where something was said", async () => {
    const first = await finishRun(user, task.task_id, "讲个故事");
    await finishRun(user, task.task_id, "再讲一个");
    const again = await retry(first.runId);
    await readRun(user, again.body.events_url);
    expect((await prompts()).at(-2)).toEqual(["user", "讲个故事"]);
    expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
  });

  test("not while another one is active", async () => {
    const run = await startHangingRun(user, task.task_id);
    expect(await retry(run.runId)).toMatchObject({ status: 409, body: { code: "run_active" } });
    await cancelRun(user, task.task_id, run.runId);
  });
});

describe("a task is forked", () => {
  const fork = (json: unknown) =>
    ask<TaskAnswer & { code: string }>(user, "POST", `/v1/tasks/${task.task_id}/fork`, json);

  test("with the conversation up to a message, in the same directory, and goes its own way", async () => {
    await finishRun(user, task.task_id, "一");
    await finishRun(user, task.task_id, "二");
    const { status, body } = await fork({ from_idx: 1, name: "另一条路" });
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: "另一条路", working_dir: task.working_dir, n_messages: 2, tokens: 0 });
    await finishRun(user, body.task_id, "三");
    const told = (await readMessages(user, body.task_id)).map(({ payload }) => payload.content);
    expect(told).toEqual(["一", "好的。", "三", "好的。"]);
    expect(await readMessages(user, task.task_id)).toHaveLength(4);
    expect((await fork({ from_idx: 3 })).body.name).toBe(task.name);
  });

  test("not where there is no such message, nor between a call and its answer", async () => {
    server.models.script(calls("list", { path: "" }), says("好"));
    await finishRun(user, task.task_id, "看");
    const codes = [];
    for (const from_idx of [0, 1, 2, 3, 4]) codes.push((await fork({ from_idx })).body.code);
    expect(codes).toEqual([undefined, "invalid_fork_point", undefined, undefined, "invalid_fork_point"]);
    expect((await fork({ from_idx: -1 })).status).toBe(422);
  });
});

test("a run is waited for until it ends, or the time is over, or at once where it is over", async () => {
  const run = await startHangingRun(user, task.task_id);
  const path = `/v1/tasks/${task.task_id}/runs/${run.runId}`;
  expect((await ask(user, "GET", `${path}?wait=1`)).body).toMatchObject({ status: "running", attempt: 1 });
  const waiting = ask(user, "GET", `${path}?wait=60`);
  await cancelRun(user, task.task_id, run.runId);
  expect((await waiting).body).toMatchObject({ status: "cancelled", worker: null });
  expect((await ask(user, "GET", `${path}?wait=60`)).body).toMatchObject({ status: "cancelled" });
  const events = await openEvents(user, run.eventsUrl);
  expect((await events.all()).at(-1)?.event).toBe("done");
});
